import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { keyPrefix } from "./configuration.ts";

/** The repository of the session `demo`, as the stack file that comes with the project names it. */
const demoRepository = ".agent-sessions/demo";

const files = {
  "README.md": "# demo\n\nA small program with a test that fails: `node --test`.\n",
  "sum.js": "exports.sum = (numbers) => numbers.reduce((total, number) => total + number);\n",
  "sum.test.js": `const { test } = require("node:test");
const assert = require("node:assert");
const { sum } = require("./sum.js");

test("numbers add up", () => assert.equal(sum([1, 2, 3]), 6));
test("no numbers are nothing", () => assert.equal(sum([]), 0));
`,
};

/**
 * Makes the repository of the session `demo` where a configuration names it and it is not there, whole or not at all. What this
 * machine's git is configured to do is left out.
 *
 * @param root the project's folder
 */
export function ensureDemo(config: Readonly<Record<string, string>>, root: string): void {
  const folder = join(root, demoRepository);
  if (!config[`${keyPrefix}sessions`]?.includes(`"${demoRepository}"`) || existsSync(folder)) return;
  mkdirSync(dirname(folder), { recursive: true });
  const partial = mkdtempSync(`${folder}-`);
  // Sessions read it as another user.
  const umask = process.umask(0o022);
  const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", partial, "-c", "user.name=agent-sessions", "-c", "user.email=demo@localhost", ...args], {
      env,
      stdio: "ignore",
    });
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(partial, name), text);
    git("init", "--quiet", "--initial-branch=main", "--template=");
    git("add", "--all");
    git("commit", "--quiet", "--message=A program with a test that fails");
    chmodSync(partial, 0o755);
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    // Another command made it meanwhile; or there is no git, which the settings' own sentence about the folder then shows.
    if (!existsSync(folder)) console.error(`sessions: ${demoRepository} could not be made: ${(error as Error).message}`);
  } finally {
    process.umask(umask);
  }
}

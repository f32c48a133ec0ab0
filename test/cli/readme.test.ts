import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { argumentRefusals } from "../../components/seccomp/arguments.ts";
import { refusals } from "../../components/seccomp/refused.ts";
import { parse } from "../../stacks/settings.ts";
import { liveEngine } from "../engine/rig.ts";
import { temporaryFolder } from "../support/folder.ts";
import { Checkout } from "./checkout.ts";

const docker = await liveEngine();
const root = join(import.meta.dirname, "../..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };

test("every npm script, every command and every file that the README names is there", () => {
  const named = [...readme.matchAll(/npm (?:run ([\w:-]+)|(start|test)\b)/g)].map(([, script, short]) => script ?? short ?? "");
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((script) => scripts[script] === undefined)).toEqual([]);
  const commands = [...readme.matchAll(/npx sessions ([a-z]+)/g)].map(([, command]) => `stacks/cli/${command}.ts`);
  expect(commands.length).toBeGreaterThan(15);
  expect(commands.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  for (const [, file = ""] of readme.matchAll(/`((?:stacks|policy|components|images|test)\/[\w./-]+)`/g))
    expect(() => readFileSync(join(root, file)), file).not.toThrow(/ENOENT/);
});

test("the settings of a session's egress that the README shows are read", () => {
  const [section = ""] = readme.split("\n## Egress\n")[1]?.split("\n## ") ?? [];
  const shown = (pattern: RegExp) => parseYaml(pattern.exec(section)?.[1] ?? "");
  const [, egressSets = ""] = /`(\{ corp: .*?\})`/.exec(readme) ?? [];
  const network = { ...shown(/```yaml\n([^`]*)```/).network, ...shown(/`(bandwidth: .*?)`/) };
  network.egress.allow.push({ set: "corp" });
  const { sessions } = parse({ egressSets: parseYaml(egressSets), sessions: [{ id: "a", network }] });
  const [{ egress, download } = {}] = sessions.map((session) => session.network);
  expect(typeof egress === "object" && egress.allow.map(({ host, ports }) => `${host}:${ports}`)).toEqual(
    expect.arrayContaining([
      "api.anthropic.com:80,443",
      "*.github.com:80,443",
      "mirror.corp.example:80,443",
      "api.github.com:443",
      "git.corp.example:80,443,8443",
    ]),
  );
  expect(download).toBe(10 * 1024 ** 2);
});

test("the settings of an agent that the README shows are read", () => {
  const folder = temporaryFolder("unattended");
  writeFileSync(join(folder, "managed.json"), "{}");
  writeFileSync(join(folder, "rules.md"), "Be kind.");
  const [section = ""] = readme.split("\n## Unattended\n")[1]?.split("\n## ") ?? [];
  const { agent } = parseYaml(/```yaml\n([^`]*)```/.exec(section)?.[1] ?? "");
  const [session] = parse({ sessions: [{ id: "a", agent }] }, { root: folder, environment: {} }).sessions;
  expect(session?.agent).toEqual({
    task: "Mend the failing tests and commit.",
    permissions: "bypass",
    settings: "{}",
    instructions: "Be kind.",
  });
});

test("the README lists what the seccomp profile refuses, and why", () => {
  for (const { what, why } of [...refusals, ...argumentRefusals]) expect(readme).toContain(`\n| ${what} | ${why} |\n`);
});

describe.skipIf(docker === undefined)("a session in a minute", () => {
  // A session of that name may be running on this machine.
  const minute =
    readme.split("## A session in a minute")[1]?.split("```")[1]?.replaceAll("demo", "r-demo").replaceAll("review", "r-review") ?? "";
  const lines = minute.split("\n").flatMap((line) => /^npx sessions ([^#]+)/.exec(line)?.[1]?.trim() ?? []);
  const checkout = new Checkout();
  const code = join(temporaryFolder("readme"), "code");

  beforeAll(async () => {
    mkdirSync(code);
    const git = (...args: string[]) => execFileSync("git", ["-C", code, "-c", "user.name=t", "-c", "user.email=t@localhost", ...args]);
    git("init", "-q", "-b", "main");
    git("commit", "-q", "--allow-empty", "-m", "first");
    checkout.write(
      "local",
      JSON.stringify({
        config: {
          "agent-sessions:image": { agent: "none" },
          "agent-sessions:sessions": [{ id: "r-demo", repositories: [{ name: "code", path: code }] }],
        },
      }),
    );
    expect((await checkout.run(["up", "--yes", "--engine", "embedded"])).code).toBe(0);
  });
  afterAll(async () => {
    expect((await checkout.run(["down", "--delete-data", "--force", "--engine", "embedded"])).code).toBe(0);
    checkout.dispose();
  });

  test("holds every command of a day", () => {
    expect(lines.map((line) => line.split(" ")[0]).sort()).toEqual([
      "add",
      "attach",
      "diff",
      "doctor",
      "down",
      "exec",
      "list",
      "logs",
      "plan",
      "pull",
      "remove",
      "start",
      "stop",
      "up",
      "verify",
    ]);
  });

  test.each(lines)("sessions %s", async (line) => {
    const args = line.split(" ");
    if (args[0] === "attach") expect((await checkout.runOnTerminal(args, /\$ |# /, "\u0002d")).code).toBe(0);
    else if (args.includes("--follow")) await followed(checkout, args);
    else {
      const { code, stderr } = await checkout.run(args);
      expect(code, stderr).toBe(0);
    }
  });
});

/** Follows until the first output, then ends it as Ctrl-C does. */
async function followed(checkout: Checkout, args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [join(checkout.root, "stacks/cli/main.ts"), ...args], {
    cwd: checkout.root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  await Promise.race([once(child.stdout, "data"), ended.then(() => Promise.reject(new Error("logs ended by itself")))]);
  child.kill("SIGINT");
  await ended;
}

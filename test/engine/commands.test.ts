import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { liveEngine } from "./rig.ts";

const docker = await liveEngine();
const root = fileURLToPath(new URL("../..", import.meta.url));
const stack = `test-${process.pid}`;
const stackFile = join(root, "stacks", `Pulumi.${stack}.yaml`);

function sessions(command: string, ...args: string[]) {
  const [own, rest] = args.includes("--") ? [args.slice(0, args.indexOf("--")), args.slice(args.indexOf("--"))] : [args, []];
  return spawnSync(process.execPath, ["stacks/cli/main.ts", command, "--stack", stack, ...own, ...rest], { cwd: root, encoding: "utf8" });
}

describe.skipIf(docker === undefined)("a day with the sessions command", () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "agent-sessions-day-")));
  const repository = join(folder, "code");
  const git = (...args: string[]) => execFileSync("git", ["-C", repository, "-c", "user.name=t", "-c", "user.email=t@localhost", ...args], { encoding: "utf8" }).trim();

  beforeAll(() => {
    mkdirSync(repository);
    git("init", "-q", "-b", "main");
    git("commit", "-q", "--allow-empty", "-m", "first");
    writeFileSync(stackFile, "config:\n  # Kept.\n  agent-sessions:image: { agent: none }\n  agent-sessions:sessions: []\n");
  });
  afterAll(() => {
    sessions("down", "--delete-data", "--engine", "embedded");
    rmSync(stackFile);
    rmSync(folder, { recursive: true });
  });

  test("a session is added, started, worked in, pulled from and removed", () => {
    expect(sessions("add", "day", "--repository", `code=${repository}`).status).toBe(0);
    expect(execFileSync("cat", [stackFile], { encoding: "utf8" })).toContain("# Kept.");
    const up = sessions("up", "--yes", "--json", "--engine", "embedded");
    expect(up.status, up.stderr).toBe(0);
    expect(JSON.parse(up.stdout)).toMatchObject({ changed: true, sessions: [{ session: "day", status: "healthy", isolation: "sealed" }] });

    const line = "cd /workspace/code && echo new > file && git add file && git commit -qm second && echo later > other; echo out; echo err >&2; exit 7";
    expect(sessions("exec", "day", "--", "sh", "-c", line)).toMatchObject({ status: 7, stdout: "out\n", stderr: "err\n" });
    expect(sessions("diff", "day").stdout).toMatch(/^\+new$[\s\S]*^\+later$/m);
    expect(sessions("pull", "day").stdout).toMatch(/^code: 1 new .*on session\/day/);
    expect(git("log", "--format=%s", "session/day")).toBe("second\nfirst");
    expect(git("branch", "--show-current")).toBe("main");

    expect(sessions("stop", "day").stdout).toBe("Session day is stopped.\n");
    expect(JSON.parse(sessions("list", "--json").stdout)).toMatchObject([{ session: "day", state: "exited" }]);
    expect(sessions("up", "--yes", "--engine", "embedded").stdout).toContain("healthy");
    expect(sessions("logs", "day").status).toBe(0);

    const down = sessions("down", "--json", "--engine", "embedded");
    expect(JSON.parse(down.stdout)).toEqual({ removed: ["claude-agent-day"], kept: expect.arrayContaining(["logs", "session", "workspace"].map((kind) => `claude-agent-day-${kind}`)), failures: [] });
    expect(JSON.parse(sessions("down", "--delete-data", "--json", "--engine", "embedded").stdout)).toMatchObject({ kept: [], failures: [] });
  }, 300_000);
});

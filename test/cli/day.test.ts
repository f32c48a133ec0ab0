import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { liveEngine } from "../engine/rig.ts";
import type { Verified } from "../../stacks/verify/run.ts";
import { Checkout } from "./checkout.ts";
import { keptAuthority } from "../../stacks/authority.ts";

const docker = await liveEngine();
const stack = "day";

const promisesIn = (verified: readonly Verified[]) => verified.flatMap(({ results }) => results.map(({ id }) => id));

describe.skipIf(docker === undefined)("a day with the sessions command", () => {
  const checkout = new Checkout();
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "agent-sessions-day-")));
  const repository = join(folder, "code");
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", repository, "-c", "user.name=t", "-c", "user.email=t@localhost", ...args], { encoding: "utf8" }).trim();
  const sessions = (command: string, ...args: string[]) => checkout.run([command, "--stack", stack, ...args]);
  const json = async (command: string, ...args: string[]) => JSON.parse((await sessions(command, "--json", ...args)).stdout);

  beforeAll(() => {
    mkdirSync(repository);
    git("init", "-q", "-b", "main");
    git("commit", "-q", "--allow-empty", "-m", "first");
    checkout.write(stack, "config:\n  # Kept.\n  agent-sessions:image: { agent: none }\n  agent-sessions:sessions: []\n");
  });
  afterAll(async () => {
    await sessions("down", "--delete-data", "--force", "--engine", "embedded");
    checkout.dispose();
    rmSync(folder, { recursive: true });
  });

  test("a session is added, started, worked in, pulled from and removed", async () => {
    expect((await sessions("add", "day", "--repository", `code=${repository}`)).code).toBe(0);
    expect(readFileSync(checkout.stackFile(stack), "utf8")).toContain("# Kept.");
    const up = await sessions("up", "--yes", "--json", "--engine", "embedded");
    expect(up.code, up.stderr).toBe(0);
    expect(JSON.parse(up.stdout)).toMatchObject({ changed: true, sessions: [{ session: "day", state: "healthy", isolation: "sealed" }] });

    const line =
      "cd /workspace/code && echo new > file && git add file && git commit -qm second && echo later > other; echo out; echo err >&2; exit 7";
    expect(await sessions("exec", "day", "--", "sh", "-c", line)).toMatchObject({ code: 7, stdout: "out\n", stderr: "err\n" });
    expect((await sessions("diff", "day")).stdout).toMatch(/^\+new$[\s\S]*^\+later$/m);
    expect((await sessions("pull", "day")).stdout).toMatch(/^code: 1 new .*on session\/day/);
    expect(git("log", "--format=%s", "session/day")).toBe("second\nfirst");
    expect(git("branch", "--show-current")).toBe("main");

    expect((await sessions("stop", "day")).stdout).toBe("Session day is stopped.\n");
    expect(await json("list")).toMatchObject([{ session: "day", state: "stopped" }]);
    expect((await sessions("up", "--yes", "--engine", "embedded")).stdout).toMatch(/healthy[\s\S]*\bday: all \d+ promises hold\n.*quick/);
    expect((await sessions("logs", "day")).code).toBe(0);

    // A change that ends the agent is named and asked for on a terminal, and only what --only names is changed.
    await sessions("add", "night");
    checkout.write(
      stack,
      readFileSync(checkout.stackFile(stack), "utf8").replace(
        "agent: none }",
        "agent: none }\n  agent-sessions:defaults: { environment: { CHANGED: yes }, security: { capabilities: [NET_BIND_SERVICE] } }",
      ),
    );
    expect((await sessions("plan")).stdout).toContain("ends the running agent of session day");
    const asked = await checkout.runOnTerminal(["up", "--stack", stack, "--engine", "embedded"], /Go on\? \[y\/N\] /, "n\r");
    expect([asked.code, asked.stdout]).toEqual([
      1,
      expect.stringMatching(/This ends the running agents of day\. Go on\?[\s\S]*Nothing was changed\./),
    ]);
    // What the platform is said not to enforce is not promised by any command.
    const column = join(checkout.root, "stacks/controls/docker.ts");
    const enforced = readFileSync(column, "utf8");
    writeFileSync(column, enforced.replace("openFiles: enforced", 'openFiles: reported("nobody does", "a page")'));
    const only = JSON.parse((await sessions("up", "--engine", "embedded", "--only", "night", "--json")).stdout);
    expect(only.sessions).toMatchObject([{ session: "night", state: "healthy" }]);
    // What the other may do stays as it was applied.
    const granted = () => keptAuthority({ root: checkout.root, stack })?.filter((line) => line.includes("capability"));
    expect(granted()).toEqual(["session night: capability NET_BIND_SERVICE"]);
    expect([promisesIn(JSON.parse(up.stdout).verified), promisesIn(only.verified)]).toEqual([
      expect.arrayContaining(["user", "open-files-limit"]),
      expect.not.arrayContaining(["open-files-limit"]),
    ]);
    const verified = promisesIn(await json("verify", "night"));
    expect([verified.includes("user"), verified.includes("open-files-limit")]).toEqual([true, false]);
    writeFileSync(column, enforced);
    expect((await sessions("exec", "day", "--", "printenv", "CHANGED")).code).toBe(1);
    expect((await sessions("exec", "night", "--", "printenv", "CHANGED")).stdout).toBe("yes\n");
    expect(await sessions("up", "--only", "noon")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no session "noon" in the stack file; there is: day, night'),
    });
    expect((await sessions("up", "--yes", "--engine", "embedded")).code).toBe(0);
    expect((await sessions("exec", "day", "--", "printenv", "CHANGED")).stdout).toBe("yes\n");
    expect(granted()).toEqual(["session day: capability NET_BIND_SERVICE", "session night: capability NET_BIND_SERVICE"]);

    // A stack file that is faulty by now is no reason to keep what is there.
    checkout.write(stack, readFileSync(checkout.stackFile(stack), "utf8").replace("agent: none }", "agent: none, variant: huge }"));
    expect(await sessions("up", "--yes", "--engine", "embedded")).toMatchObject({ code: 2, stderr: expect.stringContaining('"huge"') });
    expect(await json("down", "--engine", "embedded")).toEqual({
      removed: expect.arrayContaining(["claude-agent-day", "claude-agent-night"]),
      kept: expect.arrayContaining(["logs", "session", "workspace"].map((kind) => `claude-agent-day-${kind}`)),
      failures: [],
    });
    expect(await json("down", "--delete-data", "--force", "--engine", "embedded")).toMatchObject({ kept: [], failures: [] });
  }, 300_000);
});

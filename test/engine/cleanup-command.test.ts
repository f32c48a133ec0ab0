import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Item } from "../../stacks/platforms/cleanup.ts";
import { which } from "../../stacks/platforms/docker/setup/command.ts";
import { Checkout, commandIn } from "../cli/checkout.ts";
import { temporaryFolder } from "../support/folder.ts";
import { missing } from "../support/missing.ts";
import { CleanupRig, names } from "./cleanup-rig.ts";
import { liveEngine, until } from "./rig.ts";

const docker = await liveEngine();
const minute = 60_000;
const stack = "cleanup-command";
const judge = which("systemd-analyze");
if (judge === undefined) missing("systemd-analyze judges the unit that sessions cleanup prints");

describe.skipIf(docker === undefined)("the command cleanup", () => {
  const checkout = new Checkout();
  const rig = new CleanupRig(docker as NonNullable<typeof docker>, stack, "cc-", checkout.root);
  const archives = temporaryFolder("archives");
  const sessions = (...args: string[]) => checkout.run([...args, "--stack", stack]);
  const cleanup = async (...args: string[]) => JSON.parse((await sessions("cleanup", "--json", ...args)).stdout);
  /** A run that goes on, of whose lines the last are kept. */
  const going = (env: NodeJS.ProcessEnv = {}) => {
    const args = [...commandIn(checkout.root), "cleanup", "--stack", stack, "--every", "1s", "--json"];
    const child = spawn(process.execPath, args, { cwd: checkout.root, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    const printed = { out: "", errors: "" };
    child.stdout.on("data", (text) => (printed.out += text));
    child.stderr.on("data", (text) => (printed.errors += text));
    return { printed, ended: once(child, "close"), end: () => child.kill("SIGTERM") };
  };

  beforeAll(async () => {
    const limits = { memory: "256 MB", processes: 64, tmp: "16 MB" };
    const polite = 'trap "echo bye > /workspace/bye; exit 0" TERM; echo ready > /workspace/ready; while :; do sleep 0.1; done';
    checkout.write(
      stack,
      [
        { id: "cc-done", agentCommand: "echo done > /workspace/done", limits, network: { egress: { allow: ["one.invalid"] } } },
        { id: "cc-runs", agentCommand: polite, limits },
      ],
      {
        image: { agent: "none" },
        cleanup: {
          policies: [
            {
              name: "done",
              containers: true,
              volumes: ["logs", "session", "workspace"],
              trigger: { complete: "1 s" },
              strategy: { archive: archives, compress: 6 },
            },
            {
              name: "polite",
              sessions: ["cc-runs"],
              containers: true,
              volumes: ["session"],
              trigger: "manual",
              strategy: { graceful: "30 s" },
            },
          ],
        },
      },
    );
    const { code, stderr } = await sessions("up", "--yes", "--engine", "embedded");
    expect(code, stderr).toBe(0);
  }, 5 * minute);
  afterAll(async () => {
    await sessions("down", "--delete-data", "--force", "--engine", "embedded");
    await rig.dispose();
  }, 2 * minute);

  const ofDone = [
    "claude-agent-cc-done",
    "claude-agent-cc-done",
    "claude-agent-cc-done-edge",
    ...["logs", "proxy", "session", "workspace"].map((part) => `claude-agent-cc-done-${part}`),
  ];

  test(
    "a dry run says what would go, why the rest stays, and changes nothing",
    async () => {
      const before = await rig.everything();
      const dry = await until(
        async () => {
          const found = await cleanup("--dry-run");
          return found.going.length > 0 && found;
        },
        60,
        "the end of the session",
      );
      expect(names(dry.going)).toEqual(ofDone);
      expect(dry.kept.map(({ why }: Item) => why)).toEqual(dry.kept.map(() => "the session is healthy"));
      expect(await rig.everything()).toEqual(before);
      const { stdout } = await sessions("cleanup", "--dry-run");
      expect(stdout).toMatch(
        /^This would go, and nothing was changed:\n {2}container claude-agent-cc-done: the session is complete \(agent-exit\) for \d+ s \(done\)\n/,
      );
    },
    2 * minute,
  );

  test(
    "it keeps running, one at a time, until it is told to end; a complete session goes with all that served it, archived",
    async () => {
      const run = going();
      try {
        const line = await until(async () => run.printed.out.includes("\n") && run.printed.out.split("\n")[0], 60, "the first round");
        const { gone, failures } = JSON.parse(line);
        expect([names(gone), failures]).toEqual([ofDone, []]);
        const [workspace] = gone.filter(({ name }: Item) => name.endsWith("-workspace"));
        expect(workspace.archive).toMatchObject({ made: true, path: expect.stringContaining(archives) });
        expect(await sessions("cleanup")).toMatchObject({
          code: 1,
          stderr: expect.stringMatching(/another run is at work on this stack \(process \d+\)/),
        });
        await until(async () => run.printed.out.split("\n").length > 2, 30, "another round");
        // Who watches the stack knows when another is due, and that one could not begin.
        const due = async () => Date.parse((await rig.lastRun())?.next_run ?? "");
        expect(await due()).toBeGreaterThan(Date.now() - 60_000);
        const file = join(checkout.root, `stacks/Pulumi.${stack}.yaml`);
        const whole = readFileSync(file);
        writeFileSync(file, "config: [");
        await until(async () => (await rig.lastRun())?.outcome === "failed", 60, "word of a round that could not begin");
        expect(await due()).not.toBeNaN();
        writeFileSync(file, whole);
        await until(async () => (await rig.lastRun())?.outcome === "ok", 60, "a round after the file was mended");
      } finally {
        run.end();
      }
      expect(await run.ended).toEqual([0, null]);
      const left = (await rig.everything()).filter((each) => each.includes("cc-done"));
      expect(left).toEqual([]);
      expect(await rig.lastRun()).toMatchObject({
        kind: "cleanup",
        outcome: "ok",
        stack: `agent-sessions/${stack}`,
        created_by: "agent-sessions",
      });
      // Nobody expects another of one that was told to end.
      expect(await rig.lastRun()).not.toHaveProperty("next_run");
    },
    4 * minute,
  );

  test(
    "a graceful one lets the session end, and takes only what the policy names",
    async () => {
      await until(
        async () => (await rig.inVolume("claude-agent-cc-runs-workspace", "ls /data")).includes("ready"),
        30,
        "the agent's start",
      );
      const { gone, kept, failures } = await cleanup("--policy", "polite");
      expect([names(gone), kept, failures]).toEqual([["claude-agent-cc-runs", "claude-agent-cc-runs-session"], [], []]);
      expect(await rig.inVolume("claude-agent-cc-runs-workspace", "cat /data/bye")).toBe("bye");
    },
    2 * minute,
  );

  test(
    "a round that failed ends nothing, and is told",
    async () => {
      const run = going({ DOCKER_HOST: "unix:///nowhere.sock" });
      await until(
        async () => run.printed.errors.split("no container engine answers at unix:///nowhere.sock").length > 2,
        60,
        "a second round",
      );
      run.end();
      expect(await run.ended).toEqual([0, null]);
      expect(await sessions("cleanup", "--policy", "pollite")).toMatchObject({
        code: 1,
        stderr: 'sessions: there is no clean-up policy "pollite" in the stack file; there is: done, polite\n',
      });
      expect((await sessions("cleanup", "--every", "10")).code).toBe(2);
    },
    2 * minute,
  );

  test.skipIf(judge === undefined)("systemd takes the unit that it prints", async () => {
    const { stdout } = await sessions("cleanup", "--print-unit", "--every", "1h");
    expect(stdout).toContain(`\nReadWritePaths=${archives}\n`);
    expect(stdout).toContain(` --stack ${stack} --every 3600s\n`);
    const file = join(temporaryFolder("unit"), `agent-sessions-cleanup-${stack}.service`);
    const judged = (unit: string) => {
      writeFileSync(file, unit);
      const { status, stderr } = spawnSync(judge ?? "", ["verify", file], { encoding: "utf8" });
      return [status, stderr.split("\n").filter((line) => line.includes(stack))];
    };
    expect(judged(stdout)).toEqual([0, []]);
    // So it does judge.
    expect(judged(stdout.replace("ProtectClock=yes", "ProtectClocks=perhaps"))[1]).toHaveLength(1);
    expect(judged(stdout.replace("ExecStart=/", "ExecStart=/nowhere/"))[0]).not.toBe(0);
  });

  test(
    "taking the stack down leaves the data that is kept and nothing of clean-up",
    async () => {
      expect((await sessions("down", "--engine", "embedded")).code).toBe(0);
      expect(await rig.everything()).toEqual(["volume claude-agent-cc-runs-logs", "volume claude-agent-cc-runs-workspace"]);
    },
    minute,
  );
});

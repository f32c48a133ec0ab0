import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { askHealth } from "../../stacks/runtime/docker/health.ts";
import { Checkout } from "../cli/checkout.ts";
import { liveEngine, Rig, until } from "./rig.ts";

const docker = await liveEngine();
const minute = 60_000;
const stack = "disk";

describe.skipIf(docker === undefined)("a limit on what a session's volumes hold", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, stack);
  const checkout = new Checkout();
  const limits = { memory: "256 MB", cpu: 1, processes: 64, openFiles: 256, tmp: "16 MB", disk: "64 MB" };
  const healthCheck = { interval: "1 s", timeout: "10 s" };
  const entries = ["d-one", "d-two"].map((id) => ({ id, uid: "own", limits, healthCheck }));
  const sessions = (command: string, ...args: string[]) => checkout.run([command, "--stack", stack, ...args]);
  const json = async (command: string, ...args: string[]) => JSON.parse((await sessions(command, "--json", ...args)).stdout);

  beforeAll(async () => {
    checkout.write(stack, stringify({ config: { "agent-sessions:image": { agent: "none" }, "agent-sessions:sessions": entries } }));
    const { code, stderr } = await sessions("up", "--yes", "--engine", "embedded");
    expect(code, stderr).toBe(0);
  }, 5 * minute);
  afterAll(async () => {
    expect((await sessions("down", "--delete-data", "--force", "--engine", "embedded")).code).toBe(0);
    checkout.dispose();
    await rig.dispose();
  }, 2 * minute);

  test("what it writes to /logs is seen from outside, where its own watch cannot look, and fails verify and up", async () => {
    // The engine counts lengths, so a file with holes is as good, and takes no disk.
    await rig.shell("d-one", "truncate -s 600M /logs/much");
    const found = "/logs holds 600 MB";
    // A busy engine counts for longer than the command waits.
    const counted = async () => {
      const rows = await json("list", "--wide");
      return rows[0].disk.logs !== undefined && rows;
    };
    const [one, two] = await until(counted, 150, "the engine's count");
    expect([one.disk, two.disk]).toMatchObject([{ logs: expect.any(Number), limit: 64 * 1024 ** 2 }, { logs: expect.any(Number) }]);
    expect([one.disk.logs >= 600 * 1024 ** 2, two.disk.logs < 1024 ** 2]).toEqual([true, true]);
    expect((await sessions("list", "--wide")).stdout).toMatch(/ of 64 MB, logs 600\b/);
    const verified = await sessions("verify", "d-one");
    expect([verified.code, verified.stdout]).toEqual([1, expect.stringContaining("NOT HELD: disk-limit")]);
    expect(verified.stdout.replace(/\s+/g, " ")).toContain("/logs holds");
    const up = await json("up", "--yes", "--engine", "embedded");
    expect(up.verified[0].results.find(({ id }: { id: string }) => id === "disk-limit")).toMatchObject({ verdict: "not held", found });
    expect((await json("doctor")).find(({ subject }: { subject: string }) => subject === "largest volumes").found).toContain(
      "claude-agent-d-one-logs 600",
    );
    await rig.shell("d-one", "rm /logs/much");
  });

  test(
    "one that holds more fails, says so everywhere, and is started again when there is room; the others do not notice",
    async () => {
      await rig.shell("d-one", "head -c 80M /dev/zero > /workspace/much");
      const health = await until(
        async () => {
          const asked = await askHealth(rig.docker, "d-one", "claude-agent-d-one");
          return asked.state === "failed" && asked;
        },
        60,
        "the session's end",
      );
      expect(health.why).toMatch(/^disk 80(\.\d)? MB of 64 MB$/);
      // No engine's check has to come first.
      expect(await json("list")).toMatchObject([
        { session: "d-one", state: "failed", why: health.why },
        { session: "d-two", state: "healthy" },
      ]);
      expect((await sessions("list")).stdout).toContain(`failed (${health.why})`);
      const started = Date.now();
      const up = await sessions("up", "--yes", "--json", "--engine", "embedded");
      expect([up.code, JSON.parse(up.stdout).sessions[0]]).toMatchObject([1, { session: "d-one", state: "failed", why: health.why }]);
      // It waits for nobody who has failed for good.
      expect(Date.now() - started).toBeLessThan(60_000);
      expect(await sessions("start", "d-one")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('session "d-one" is failed (disk 80'),
      });
      expect(await sessions("exec", "d-one", "--", "rm", "/workspace/much")).toEqual({
        code: 0,
        stdout: "",
        stderr: `sessions: session "d-one" is failed (${health.why}); "npx sessions start d-one --stack disk" runs it again\n`,
      });
      expect(await sessions("start", "d-one")).toMatchObject({
        code: 0,
        stdout: `Session d-one is started again; it was failed (${health.why}).\n`,
      });
      expect((await askHealth(rig.docker, "d-one", "claude-agent-d-one")).state).toBe("healthy");
      const state = async (id: string) => (await rig.docker.getContainer(`claude-agent-${id}`).inspect()).RestartCount;
      expect([await state("d-one"), await state("d-two")]).toEqual([0, 0]);
    },
    3 * minute,
  );
});

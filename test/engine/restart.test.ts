import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { Checkout, type Result } from "../cli/checkout.ts";
import { liveEngine, until } from "./rig.ts";

const docker = await liveEngine();
const minute = 60_000;
const stack = "restart";

describe.skipIf(docker === undefined)("a session whose agent fails", () => {
  const checkout = new Checkout();
  const limits = { memory: "256 MB", processes: 64 };
  const agentCommand = "echo started >> /session/times; echo last words; exit 3";
  const entries = [
    { id: "f-job", limits, agentCommand, restart: "never" },
    { id: "f-loop", limits, agentCommand },
  ];
  const sessions = (command: string, ...args: string[]) => checkout.run([command, "--stack", stack, ...args]);
  const inspect = (id: string) => (docker as NonNullable<typeof docker>).getContainer(`claude-agent-${id}`).inspect();
  const up = () => sessions("up", "--yes", "--engine", "embedded", "--timeout", "300");
  let first: Result;
  let seconds = 0;

  beforeAll(async () => {
    checkout.write(stack, stringify({ config: { "agent-sessions:image": { agent: "none" }, "agent-sessions:sessions": entries } }));
    const begun = Date.now();
    first = await up();
    seconds = (Date.now() - begun) / 1000;
  }, 10 * minute);
  afterAll(async () => {
    expect((await sessions("down", "--delete-data", "--force", "--engine", "embedded")).code).toBe(0);
    checkout.dispose();
  }, 2 * minute);

  test("ends up as soon as it cannot become well any more, with what it said last", () => {
    expect(first.code).toBe(1);
    expect(seconds).toBeLessThan(250);
    expect(first.stderr).toMatch(/^ {2}f-job is failed \(exit 3, 1 start\); it said last:\n(?: {4}.*\n)* {4}last words$/m);
    expect(first.stderr).toMatch(
      /^ {2}f-loop is (unhealthy|starting) \(exit 3, \d+ starts\); it said last:\n(?: {4}.*\n)*? {4}last words$/m,
    );
    expect(first.stdout).toContain("failed (exit 3, 1 start)");
  });

  test("is listed as what it is, never as healthy, and neither up nor the engine starts it again", async () => {
    const [job, loop] = JSON.parse((await sessions("list", "--json")).stdout);
    expect(job).toMatchObject({ session: "f-job", state: "failed", why: "exit 3, 1 start", exitCode: 3, starts: 1 });
    expect(loop.state).toMatch(/^(unhealthy|starting)$/);
    const { Id } = await inspect("f-job");
    const again = await sessions("up", "--yes", "--engine", "embedded", "--only", "f-job");
    expect([again.code, again.stdout]).toEqual([1, expect.stringContaining("Nothing was changed.")]);
    expect((await inspect("f-job")).Id).toBe(Id);
    expect(await sessions("exec", "f-job", "--", "cat", "/session/times")).toEqual({
      code: 0,
      stdout: "started\n",
      stderr: 'sessions: session "f-job" is failed (exit 3, 1 start); "npx sessions start f-job --stack restart" runs it again\n',
    });
    // It runs again, and fails again.
    await sessions("start", "f-job");
    const times = async () => (await sessions("exec", "f-job", "--", "cat", "/session/times")).stdout;
    await until(async () => (await times()) === "started\nstarted\n", 60, "the second run");
    const state = async () => JSON.parse((await sessions("list", "--json")).stdout)[0];
    await until(async () => (await state()).why === "exit 3, 1 start" && (await state()).state === "failed", 60, "the second failure");
  });
});

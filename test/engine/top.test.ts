import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Checkout } from "../cli/checkout.ts";
import { OnTerminal } from "../cli/on-terminal.ts";
import { liveEngine, until } from "./rig.ts";

const docker = await liveEngine();
const minute = 60_000;
const stack = "top";

describe.skipIf(docker === undefined)("sessions top", () => {
  const checkout = new Checkout();
  const engine = docker as NonNullable<typeof docker>;
  const sessions = (command: string, ...args: string[]) => checkout.run([command, "--stack", stack, ...args]);
  const limits = { memory: "256 MB", cpu: 0.2, processes: 64, disk: "1 GB" };
  const busy = "head -c 64M /dev/zero > /workspace/half; while :; do :; done";
  const entries = [
    { id: "tp-busy", limits, agentCommand: busy },
    { id: "tp-filtered", limits, network: { egress: { allow: ["one.top.test"] } } },
    { id: "tp-job", limits, agentCommand: "exit 3", restart: "never" },
  ];
  const read = async () => JSON.parse((await sessions("top", "--json")).stdout);
  let opened: OnTerminal | undefined;
  const open = (rows: number, columns: number) => {
    opened?.dispose();
    opened = new OnTerminal(checkout.root, ["top", "--stack", stack], { rows, columns });
    return opened;
  };

  beforeAll(async () => {
    checkout.write(stack, entries, { image: { agent: "none" } });
    // It ends in failure, as the job does.
    expect((await sessions("up", "--yes", "--engine", "embedded")).stderr).toMatch(/tp-job is failed \(exit 3, 1 start\)/);
  }, 10 * minute);
  afterAll(async () => {
    opened?.dispose();
    expect((await sessions("down", "--delete-data", "--force", "--engine", "embedded")).code).toBe(0);
    checkout.dispose();
  }, 2 * minute);

  test("reads what the engine counts", async () => {
    await sessions("exec", "tp-filtered", "--", "curl", "-s", "-o", "/dev/null", "http://two.top.test/");
    const [first, filtered, job] = await until(
      async () => {
        const rows = await read();
        return rows[1].refused === 1 && rows[0].disk > 60 * 1024 ** 2 && rows;
      },
      60,
      "the refused request and the written file",
    );
    expect(first).toMatchObject({ session: "tp-busy", cpuLimit: 0.2, memoryLimit: 256 * 1024 ** 2, diskLimit: 1024 ** 3 });
    // All that it is given, as far as a busy machine has it.
    expect(first.cpu).toBeGreaterThan(0.05);
    expect(first.cpu).toBeLessThan(0.3);
    expect(filtered).toMatchObject({ session: "tp-filtered", state: "healthy", refused: 1, received: expect.any(Number) });
    expect([first.refused, job.refused]).toEqual([undefined, undefined]);
    expect(job).toMatchObject({ session: "tp-job", state: "failed", why: "exit 3, 1 start" });
    expect(job.age).toBeGreaterThan(0);
    // The engine's own command leaves the same out.
    const stats = await engine.getContainer("claude-agent-tp-filtered").stats({ stream: false });
    const { total_inactive_file, inactive_file } = stats.memory_stats.stats as unknown as Record<string, number>;
    const counted = stats.memory_stats.usage - (total_inactive_file ?? inactive_file ?? 0);
    expect(Math.abs(filtered.memory - counted)).toBeLessThan(0.1 * counted);
  });

  test("prints a table where there is no terminal, what needs somebody first", async () => {
    const { code, stdout } = await sessions("top");
    expect(code).toBe(0);
    expect(stdout.match(/tp-\w+/g)?.[0]).toBe("tp-job");
    expect(Math.max(...stdout.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(100);
    expect((await sessions("top", "--once")).stdout).toMatch(/tp-filtered +│ healthy/);
  });

  test("shows them on a terminal of any size, sorts, enters one and comes back, and leaves the terminal as it was", async () => {
    const terminal = open(24, 110);
    await terminal.shows(/^stack top: [12] of 3 well/);
    await terminal.shows(/^tp-job +failed \(exit 3, 1 start\)/m);
    await terminal.shows(/^tp-busy +\w+ .*\d+% \d+(\.\d)? MB/m);
    const order = () => terminal.screen.flatMap((line) => /^tp-\w+/.exec(line) ?? []);
    terminal.type("s");
    await until(async () => order().join() === "tp-busy,tp-filtered,tp-job", 30, "the order by name");
    terminal.type("s");
    await until(async () => order().join() === "tp-job,tp-filtered,tp-busy", 30, "the other way round");
    terminal.resize(6, 80);
    await until(async () => terminal.screen.length === 6 && terminal.screen.every(({ length }) => length <= 80), 30, "a small screen");
    expect(terminal.screen.join("\n")).not.toMatch(/\d+% \d/);
    // The job's terminal cannot be entered, and that is said below the table.
    terminal.type("\x1b[A\x1b[A\r");
    await terminal.shows(/^session "tp-job" is failed/m);
    terminal.type("\x1b[B\r");
    await terminal.says(/agent@tp-filtered|\$ /);
    await until(
      async () => (await sessions("exec", "tp-filtered", "--", "tmux", "list-clients")).stdout !== "",
      30,
      "somebody in the session",
    );
    terminal.type("\x02d");
    await terminal.says(/detached \(from session claude\)/);
    await terminal.shows(/^tp-filtered +healthy/m);
    terminal.type("q");
    expect(await terminal.end()).toMatch(/\x1b\[\?7h\x1b\[\?25h\x1b\[\?1049lended 0\r\nicanon\r\necho\r\n$/);
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("leaves the terminal as it was after %s", async (signal) => {
    const terminal = open(24, 80);
    await terminal.shows(/^tp-filtered/m);
    terminal.signal(signal);
    expect(await terminal.end()).toMatch(/\x1b\[\?1049lended 1\d\d\r\nicanon\r\necho\r\n$/);
  });

  test("shows at once that a session was stopped, and that it is back", async () => {
    const terminal = open(24, 80);
    await terminal.shows(/^tp-filtered +healthy/m);
    await engine.getContainer("claude-agent-tp-filtered").stop({ t: 1 });
    await terminal.shows(/^tp-filtered +stopped.* - +-/m);
    await engine.getContainer("claude-agent-tp-filtered").start();
    await terminal.shows(/^tp-filtered +healthy/m);
    terminal.type("\x03");
    expect(await terminal.end()).toContain("ended 0\r\nicanon");
  });
});

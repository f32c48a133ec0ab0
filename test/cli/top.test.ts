import type { Writable } from "node:stream";
import { expect, test } from "vitest";
import { Meter } from "../../stacks/cli/top/meter.ts";
import type { Row } from "../../stacks/cli/top/row.ts";
import { ageText, firstView, lines, pressed, sorted, type View } from "../../stacks/cli/top/view.ts";
import { usageOf } from "../../stacks/runtime/docker/usage.ts";
import type { ListedSession, SessionRuntime, Usage } from "../../stacks/runtime/runtime.ts";

const GB = 1024 ** 3;
const limits = { cpuLimit: 2, memoryLimit: 4 * GB, diskLimit: 20 * GB };
const row = (session: string, given: Partial<Row> = {}): Row => ({ session, state: "healthy", ...limits, age: 60, ...given });
const rows = [
  row("a", { cpu: 1, memory: GB, received: 2048, sent: 10, age: 90_000 }),
  row("b", { cpu: 1.9, memory: 3 * GB, disk: 19 * GB, refused: 7 }),
  row("c", { state: "failed", why: "exit 3, 1 start", received: 1_000_000 }),
  row("d", { cpu: 0.1, memory: 1024, disk: 1024, refused: 0, sent: 5_000_000, age: 5 }),
];
const order = (view: Partial<View>) =>
  sorted(rows, { ...firstView, ...view })
    .map(({ session }) => session)
    .join("");

test.each([
  ["t", "cabd"],
  ["s", "abcd"],
  ["c", "badc"],
  ["m", "badc"],
  ["d", "bdac"],
  ["n", "cabd"],
  ["o", "dabc"],
  ["r", "bdac"],
  ["a", "abcd"],
])("%s sorts, and what is not known comes last either way", (sort, expected) => {
  expect(order({ sort })).toBe(expected);
  const known = rows.filter(({ session }) => ({ c: "abd", m: "abd", d: "bd", n: "ac", o: "ad", r: "bd" })[sort]?.includes(session) ?? true);
  const turned = order({ sort, reversed: true });
  expect(known.map(({ session }) => session)).toContain(turned[0]);
  expect(turned.slice(0, known.length)).not.toBe(expected.slice(0, known.length));
});

test("a key sorts, and the second time the other way round; arrows move and stay within", () => {
  const once = pressed(firstView, "c", rows) as View;
  expect([once, pressed(once, "c", rows)]).toEqual([
    { sort: "c", reversed: false },
    { sort: "c", reversed: true },
  ]);
  const down = pressed(once, "down", rows) as View;
  expect([down.marked, pressed(down, "down", rows)?.marked, pressed(down, "end", rows)?.marked]).toEqual(["a", "d", "c"]);
  expect([pressed(down, "pageup", rows)?.marked, pressed(once, "up", rows)?.marked]).toEqual(["b", "b"]);
  expect([pressed(once, "x", rows), pressed(once, "down", [])?.marked]).toEqual([undefined, undefined]);
});

const shown = { title: "stack x", rows, empty: "none is up", view: firstView, note: "" };

const drawn = (view: View, size: { rows: number; columns: number }, note = "") =>
  lines({ ...shown, view, note }, size).map((line) => line.replace(/\x1b\[[0-9;]*m/g, ""));

test("a wide screen has sizes beside their shares, a narrow one the shares", () => {
  expect(drawn(firstView, { rows: 24, columns: 110 })[3]).toMatch(/^a +healthy +50% +25% 1 GB +- +2 KB +10 B +- +1d$/);
  expect(drawn(firstView, { rows: 24, columns: 80 })).toEqual([
    expect.stringMatching(/^stack x +$/),
    "session  state▾                 cpu  memory  disk    in/s   out/s  refused   age",
    "c        failed (exit 3, 1 s…     -       -     -  976 KB       -        -    1m",
    "a        healthy                50%     25%     -    2 KB    10 B        -    1d",
    "b        healthy                95%     75%   95%       -       -        7    1m",
    "d        healthy                 5%      0%    0%       -  4.8 MB        0    5s",
    expect.stringMatching(/^sort: s t c m d n o r a · arrows move · Enter attaches · q leaves +$/),
  ]);
});

test.each([1, 10, 40, 79, 80, 99, 100, 200])("no line is longer than %d columns, nor are there more than there is room for", (columns) => {
  for (const height of [1, 4, 5, 24]) {
    const screen = drawn({ ...firstView, marked: "d" }, { rows: height, columns });
    expect(Math.max(...screen.map(({ length }) => length))).toBeLessThanOrEqual(columns);
    expect(screen.length).toBeLessThanOrEqual(Math.max(4, height));
  }
});

test("the marked row is on a screen too small for all", () => {
  const screen = drawn({ ...firstView, marked: "d" }, { rows: 5, columns: 80 });
  expect(screen.map((line) => line.slice(0, 28).trim())).toEqual([
    "stack x (3 to 4 of 4)",
    "session  state▾",
    "b        healthy",
    "d        healthy",
    "sort: s t c m d n o r a · ar",
  ]);
});

test("where no session is there, a sentence stands in their place", () => {
  expect(lines({ ...shown, rows: [] }, { rows: 5, columns: 20 })[2]).toBe("none is up          ");
});

test("nothing of a session or of the platform commands the terminal", () => {
  const hostile = row("x", { state: "unhealthy", why: "\x1b[2J\u009b2J\nnew line" });
  const screen = lines({ ...shown, rows: [hostile], note: "\x1b]0;title\x07" }, { rows: 5, columns: 80 }).join("");
  expect(screen.replace(/\x1b\[[017]?m/g, "")).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
});

test.each([
  [5.9, "5s"],
  [60, "1m"],
  [7199, "1h"],
  [86_400 * 12, "12d"],
])("%d seconds are %s", (seconds, text) => expect(ageText(seconds)).toBe(text));

test("what the engine counts is read without what it only caches", () => {
  const read = "2026-01-01T00:00:00.5Z";
  const cpu_stats = { cpu_usage: { total_usage: 2.5e9 } };
  const networks = { eth0: { rx_bytes: 1, tx_bytes: 2 }, eth1: { rx_bytes: 10, tx_bytes: 20 } };
  const usage = { at: Date.parse(read), cpuSeconds: 2.5, received: 11, sent: 22 };
  const first = { usage: 100, stats: { total_inactive_file: 30, inactive_file: 1 } };
  expect(usageOf({ read, cpu_stats, networks, memory_stats: first })).toEqual({ ...usage, memory: 70 });
  const second = { usage: 100, stats: { inactive_file: 20 } };
  expect(usageOf({ read, cpu_stats, networks, memory_stats: second })).toEqual({ ...usage, memory: 80 });
  expect(usageOf({ read, memory_stats: { usage: 5 } })).toEqual({ at: usage.at, cpuSeconds: 0, memory: 5, received: 0, sent: 0 });
  expect([usageOf({ read, memory_stats: {} }), usageOf(undefined)]).toEqual([undefined, undefined]);
});

/** A platform of one session, which counts what it is given. */
function platform(usages: (Usage | undefined)[], record: string[] = []) {
  const session = {
    id: "a",
    state: "running",
    usage: async () => usages.shift(),
    describe: async () => ({ cpu: 2, memory: GB, disk: 0, created: new Date().toISOString() }),
    health: async () => ({ state: "healthy", session: "a", container: "a" }),
  } as unknown as ListedSession;
  const asked: (string | number | undefined)[] = [];
  const runtime = {
    list: async () => [session],
    held: async () => new Map([["a", { workspace: 3, session: 4, logs: 5 }]]),
    part: async () => ({
      logs: async ({ since }: { since?: string | number }, output: Writable) => {
        asked.push(since);
        output.write(record.join(""));
      },
    }),
  } as unknown as SessionRuntime;
  return { meter: new Meter(runtime), asked };
}

const usage = (seconds: number, cpuSeconds: number, received: number): Usage => ({
  at: seconds * 1000,
  cpuSeconds,
  memory: 1,
  received,
  sent: received,
});

test("rates are those since the reading before, and none of a session that started anew between", async () => {
  const { meter } = platform([usage(10, 100, 1000), usage(12, 103, 1200), usage(14, 1, 5), undefined, usage(18, 2, 6)]);
  await meter.count();
  const read = async () => (await meter.read())[0];
  expect(await read()).toMatchObject({ disk: 7, cpuLimit: 2 });
  expect(await read()).toMatchObject({ cpu: 1.5, received: 100, sent: 100 });
  for (const what of ["a new start", "stopped", "back"]) expect(Object.keys((await read()) ?? {}), what).not.toContain("cpu");
});

test("refused requests are counted, but for verify's", async () => {
  const line = (verdict: string, by = "session") => JSON.stringify({ time: "", host: "h", port: "443", verdict, by, received: 0, sent: 0 });
  const record = ["allowed", "audited", "unlisted", "address"].map(
    (verdict, index) => `2026-01-01T00:00:0${index}.000000000Z ${line(verdict)}\n`,
  );
  const { meter, asked } = platform([], [...record, `2026-01-01T00:00:09.000000000Z ${line("unlisted", "verify")}\n`]);
  expect((await meter.read())[0]).toMatchObject({ refused: 2 });
  expect(asked).toEqual(["0.0"]);
});

import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "commander";
import type { StackSource } from "../configuration.ts";
import type { SessionRuntime } from "../runtime/runtime.ts";
import { isWell } from "../runtime/session-state.ts";
import { enter } from "./attach.ts";
import { whileCounting } from "./disk.ts";
import { noneIsUp } from "./sessions.ts";
import { loadStack, openRuntime, stackOption } from "./stack.ts";
import { table } from "./table.ts";
import { Meter } from "./top/meter.ts";
import type { Row } from "./top/row.ts";
import { wholeTerminal } from "./top/terminal.ts";
import { columns, firstView, lines, markedAt, pressed, sorted, type View } from "./top/view.ts";

/** Milliseconds from one reading to the next. */
const interval = 2000;

/** Milliseconds over which a single reading measures its rates. */
const once = 1000;

export function register(program: Command): void {
  program
    .command("top")
    .description("Show what the sessions are and use, again every other second; Enter attaches to one, q leaves.")
    .addOption(stackOption())
    .option("--once", "print it a single time, as is done without a terminal")
    .option("--json", "print it a single time as JSON")
    .addHelpText(
      "after",
      `
Columns, each with the key that sorts by it, and sorts the other way round the second time:
  s session   its id                     n in/s     what it receives by its networks a second
  t state     those that need you first  o out/s    what it sends
  c cpu       of its limit               r refused  requests that its allow list refused
  m memory    of its limit, no cache     a age      since it was made
  d disk      /workspace and /session, of their limit, counted once a minute

Example:
  npx sessions top --json
`,
    )
    .action(run);
}

async function run({ stack, once, json }: { stack: string; once?: boolean; json?: boolean }): Promise<void> {
  const source = loadStack(stack);
  const runtime = await openRuntime(source);
  if (json || once || !process.stdin.isTTY || !process.stdout.isTTY) return print(stack, await readOnce(new Meter(runtime)), json === true);
  await watch(runtime, source);
  // What is still being asked or counted holds nobody up.
  process.exit();
}

/** A reading with rates, and with what the volumes hold. */
async function readOnce(meter: Meter): Promise<Row[]> {
  const counting = whileCounting(meter.count());
  await meter.read();
  await Promise.all([counting, delay(once)]);
  return meter.read();
}

function print(stack: string, rows: readonly Row[], json: boolean): void {
  if (json) console.log(JSON.stringify(sorted(rows, { sort: "s", reversed: false }), null, 2));
  else if (rows.length === 0) console.log(noneIsUp(stack));
  else
    console.log(
      table(
        columns.map(({ title }) => title),
        sorted(rows, firstView).map((row) => columns.map(({ text }) => text(row, true))),
      ),
    );
}

/** Shows the table until somebody leaves it; attaching is an absence. */
async function watch(runtime: SessionRuntime, source: StackSource): Promise<void> {
  const empty = noneIsUp(source.stack);
  const table = { meter: new Meter(runtime), title: `stack ${source.stack}`, empty, rows: [] as Row[], view: firstView, note: "reading…" };
  for (;;) {
    const id = await choose(table);
    if (id === undefined) return;
    table.note = await enter(runtime, source, id).then(
      () => "",
      (error: Error) => error.message,
    );
  }
}

/** What is shown, which goes on after an absence. */
interface Shown {
  readonly meter: Meter;
  readonly title: string;
  /** Stands where there are no rows. */
  readonly empty: string;
  rows: readonly Row[];
  view: View;
  note: string;
}

/** @returns the session to attach to, or nothing to leave */
function choose(shown: Shown): Promise<string | undefined> {
  return wholeTerminal(async (terminal) => {
    const draw = () => {
      const well = shown.rows.filter(isWell).length;
      const title = `${shown.title}: ${well} of ${shown.rows.length} well`;
      terminal.draw(lines({ ...shown, title }, terminal.size()));
    };
    const left = new AbortController();
    const chosen = new Promise<string | undefined>((resolve) =>
      terminal.onKey((key) => {
        if (key === "q" || key === "ctrl-c" || key === "ctrl-d" || key === "end of input") return resolve(undefined);
        if (key === "return" || key === "enter") {
          const order = sorted(shown.rows, shown.view);
          const row = order[markedAt(order, shown.view)];
          return row && resolve(row.session);
        }
        shown.view = pressed(shown.view, key, shown.rows) ?? shown.view;
        draw();
      }),
    ).finally(() => left.abort());
    terminal.onResize(draw);
    draw();
    const reading = refresh(shown, draw, left.signal);
    return Promise.race([chosen, reading]);
  });
}

/** Reads and draws until it is told to end; what goes wrong meanwhile is said, and tried again. */
async function refresh(shown: Shown, draw: () => void, signal: AbortSignal): Promise<undefined> {
  while (!signal.aborted) {
    const next = Date.now() + interval;
    try {
      shown.rows = await shown.meter.read();
      // Whoever comes back from a session that could not be entered is to read why.
      if (/^(reading…|no answer)/.test(shown.note)) shown.note = "";
    } catch (error) {
      shown.note = `no answer, what is shown is old: ${(error as Error).message}`;
    }
    if (!signal.aborted) draw();
    await delay(Math.max(0, next - Date.now()), undefined, { signal }).catch(() => {});
  }
}

import { setTimeout as delay } from "node:timers/promises";
import { type Command, InvalidArgumentError } from "commander";
import type { StackSource } from "../configuration.ts";
import { identify } from "../identity.ts";
import { lock } from "../lock.ts";
import { type Cleaner, type CleanupRequest, freedBy, type Item, type LastRun, type Removed } from "../platforms/cleanup.ts";
import { settingsOf, type Settings } from "../settings.ts";
import { parseDuration } from "../units.ts";
import { planText, reportText } from "./cleanup/text.ts";
import { serviceUnit } from "./cleanup/unit.ts";
import { loadStack, openLiveStack, stackOption } from "./stack.ts";

interface Options {
  readonly stack: string;
  readonly policy?: readonly string[];
  readonly dryRun?: boolean;
  /** Seconds. */
  readonly every?: number;
  readonly printUnit?: boolean;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command("cleanup")
    .description("Remove what the stack's clean-up policies say: volumes and containers of sessions that are old, complete or gone.")
    .addOption(stackOption())
    .option("--policy <name>", "this policy alone, also a manual one; may be given again", (name: string, before: string[] = []) => [
      ...before,
      name,
    ])
    .option("--dry-run", "say what would go and why, and change nothing")
    .option("--every <duration>", "keep running, and clean up each time so long after the end of the time before, such as 10m", seconds)
    .option("--print-unit", "print a systemd unit that runs it every 10 minutes, or as --every says, as this user")
    .option("--json", "print JSON, one line for each time")
    .addHelpText("after", "\nExample:\n  npx sessions cleanup --dry-run\n  npx sessions cleanup --policy finished\n")
    .action(run);
}

function seconds(text: string): number {
  const value = parseDuration(text);
  if (!value) throw new InvalidArgumentError('Write a duration such as "10m" or "1h".');
  return value;
}

/** What a run is about: where it is, whether somebody has ended it, and what it was told. */
interface Run {
  readonly options: Options;
  readonly ending: AbortSignal;
  /** What it has left word of last, and with whom. */
  left?: { readonly cleaner: Cleaner; readonly word: LastRun };
}

async function run(options: Options): Promise<void> {
  const source = loadStack(options.stack);
  const { cleanup } = settingsOf(source);
  refuseUnknown(cleanup, options.policy);
  if (options.printUnit) return console.log(serviceUnit(source, cleanup, options));
  if (cleanup.length === 0) return console.log("The stack file has no agent-sessions:cleanup, so nothing is ever cleaned up.");
  const release = options.dryRun ? () => {} : await lock(`${deploymentOf(source)}.cleanup`);
  const ending = new AbortController();
  // A second signal ends the process as it would without this.
  const end = () => {
    console.error("sessions: ended after what is being removed now; once more ends it at once");
    ending.abort();
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.once(signal, end);
  try {
    await rounds(source, { options, ending: ending.signal });
  } finally {
    for (const signal of signals) process.off(signal, end);
    release();
  }
}

async function rounds(source: StackSource, run: Run): Promise<void> {
  const { options, ending } = run;
  if (options.every === undefined) {
    if (!(await round(source, run))) process.exitCode = 1;
    return;
  }
  while (!ending.aborted) {
    // The next one may find the engine again, or the stack file changed or mended.
    try {
      await round(loadStack(options.stack), run);
    } catch (error) {
      console.error(`sessions: ${(error as Error).message}`);
      await leaveWord(source, run, { time: new Date(), removed: 0, kept: 0, failed: 1 });
    }
    await delay(options.every * 1000, undefined, { signal: ending }).catch(() => {});
  }
  // Whoever ends it expects no other run.
  await leaveWord(source, run, run.left?.word);
}

/** When another round is due. One by hand changes nothing of when a regular one is. */
function nextOf({ options: { every }, ending }: Run): Pick<LastRun, "next"> {
  if (every === undefined) return {};
  return { next: ending.aborted ? "none" : new Date(Date.now() + every * 1000) };
}

/** Leaves word outside of a round, with whom the last one knew. */
async function leaveWord(source: StackSource, run: Run, word: LastRun | undefined): Promise<void> {
  if (run.left === undefined || word === undefined) return;
  run.left = { ...run.left, word };
  try {
    // Whoever ends it does not wait for another run.
    const release = await lock(deploymentOf(source), run.ending.aborted ? undefined : () => {});
    await run.left.cleaner.leaveWord({ ...word, ...nextOf(run) }).finally(release);
  } catch (error) {
    console.error(`sessions: what became of it is not known to the supervisor: ${(error as Error).message}`);
  }
}

/** Cleans up once. @returns whether all went well */
async function round(source: StackSource, run: Run): Promise<boolean> {
  const { options, ending } = run;
  const { cleanup, sessions } = settingsOf(source);
  refuseUnknown(cleanup, options.policy);
  const { policy: asked = [] } = options;
  const request: CleanupRequest = {
    policies: asked.length === 0 ? cleanup : cleanup.filter(({ name }) => asked.includes(name)),
    asked,
    described: sessions.map(({ id }) => id),
    now: new Date(),
  };
  const cleaner = await cleanerOf(source);
  if (options.dryRun) {
    const plan = await cleaner.plan(request);
    const going = plan.removals.flatMap(({ items, spare }) => items.map((item) => ({ ...item, ...(spare && { spare }) })));
    const { kept, failures } = plan;
    if (options.json) console.log(JSON.stringify({ stack: options.stack, dryRun: true, going, kept, failures }));
    else console.log(planText(going, kept));
    return wentWell(failures);
  }
  const waiting = (holder: string) => console.error(`sessions: another run is at work on this stack (${holder}); it is waited for`);
  const release = await lock(deploymentOf(source), options.every === undefined ? undefined : waiting);
  try {
    const leave = (word: LastRun) => {
      run.left = { cleaner, word };
      return cleaner.leaveWord({ ...word, ...nextOf(run) });
    };
    const removed = await cleaned(cleaner, request, ending, (line) => console.error(`  ${line}`), leave);
    if (options.json) console.log(JSON.stringify({ stack: options.stack, dryRun: false, ...removed, freed: freedBy(removed.gone) }));
    // A journal is not to fill with what stays, time after time.
    else if (options.every !== undefined && removed.gone.length === 0) console.log(`Nothing went, ${removed.kept.length} objects stay.`);
    else console.log(reportText(removed, request.described));
    return wentWell(removed.failures);
  } finally {
    release();
  }
}

function wentWell(failures: readonly string[]): boolean {
  for (const failure of failures) console.error(`not cleaned up: ${failure}`);
  return failures.length === 0;
}

/** Carries out what is due, and leaves word of it however it went. */
export async function cleaned(
  cleaner: Cleaner,
  request: CleanupRequest,
  ending: AbortSignal,
  say: (line: string) => void,
  leave: Cleaner["leaveWord"] = (word) => cleaner.leaveWord(word),
): Promise<Removed> {
  const [gone, kept, failures]: [Removed["gone"][number][], Item[], string[]] = [[], [], []];
  try {
    await cleaner.tidy(request);
    const plan = await cleaner.plan(request);
    kept.push(...plan.kept);
    failures.push(...plan.failures);
    for (const removal of plan.removals) {
      const done: Removed = ending.aborted
        ? { gone: [], kept: removal.items.map((item) => ({ ...item, why: "somebody ended this run before its turn" })), failures: [] }
        : await cleaner.carryOut(removal, request, say);
      gone.push(...done.gone);
      kept.push(...done.kept);
      failures.push(...done.failures);
    }
  } catch (error) {
    failures.push((error as Error).message);
  }
  await leave({ time: new Date(), removed: gone.length, kept: kept.length, failed: failures.length }).catch((error: Error) =>
    failures.push(`what became of it is not known to the supervisor: ${error.message}`),
  );
  return { gone, kept, failures };
}

const deploymentOf = ({ project, stack, root }: StackSource): string => identify(project, stack, root).deployment;

async function cleanerOf(source: StackSource): Promise<Cleaner> {
  const cleaner = await (await openLiveStack(source)).cleaner?.();
  if (cleaner === undefined) throw new Error("nothing can be cleaned up on this stack's platform");
  return cleaner;
}

/** @throws Error when a policy is not in the stack file */
function refuseUnknown(policies: Settings["cleanup"], asked: readonly string[] = []): void {
  const known = policies.map(({ name }) => name);
  const unknown = asked.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const there = known.length === 0 ? "it has none" : `there is: ${known.join(", ")}`;
  throw new Error(`there is no clean-up policy ${unknown.map((name) => `"${name}"`).join(", ")} in the stack file; ${there}`);
}

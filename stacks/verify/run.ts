import type { Attempt, Check, Surroundings } from "./check.ts";
import { type Call, newKey, type Outcome, probeCommand, readOutcomes } from "./probe.ts";
import type { Promised } from "./promised.ts";

/** A session to be verified, on whatever platform. */
export interface Target {
  readonly promised: Promised;
  /**
   * Runs a command in it as the agent's user.
   *
   * @param input what its standard input begins with
   * @returns its standard output so far when the seconds are over
   * @throws Error when it cannot be run
   */
  execute(command: readonly string[], seconds: number, input: string): Promise<string>;
  /** Has its egress proxy stand still until it is told to go on, or the seconds are over. @throws Error when there is none */
  haltProxy(seconds: number): Promise<Halted>;
}

/** A proxy that stands still. */
export interface Halted {
  /** @returns whether it stood still until now */
  resume(): Promise<boolean>;
}

export interface Result {
  readonly id: string;
  readonly promise: string;
  readonly attempt: string;
  readonly verdict: "held" | "not held" | "not tried";
  /** What was found, or why it proves nothing. */
  readonly found: string;
}

export interface Verified {
  readonly session: string;
  readonly results: readonly Result[];
}

export interface RunOptions {
  readonly checks: readonly Check[];
  readonly surroundings: Surroundings;
  /** Sessions at once. @default 4 */
  readonly parallel?: number;
  /** For one session. @default 60 */
  readonly seconds?: number;
}

/** Nothing was opened or asked for. */
export const noSurroundings: Surroundings = {
  greeting: "",
  host: { notTried: "not opened" },
  listener: { notTried: "not opened" },
  neighbours: [],
  volumes: new Map(),
  uids: new Map(),
  held: { notTried: "not asked for" },
  secrets: { count: 0, unknown: [], foreign: () => new Map() },
};

/** Tries only what is quick, and what needs nothing around the sessions but what their volumes hold. */
export function verifyQuickly(targets: readonly Target[], checks: readonly Check[], held = noSurroundings.held): Promise<Verified[]> {
  return verify(targets, {
    checks: checks.map((check) => ({
      ...check,
      promise: (session, surroundings) => (check.quick(session) ? check.promise(session, surroundings) : undefined),
    })),
    surroundings: { ...noSurroundings, held },
  });
}

/** Puts what each session is promised to the test. */
export async function verify(
  targets: readonly Target[],
  { checks, surroundings, parallel = 4, seconds = 60 }: RunOptions,
): Promise<Verified[]> {
  const waiting = [...targets];
  const verified: Verified[] = [];
  const exclusive = new Turns();
  const worker = async () => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift())
      verified.push(await verifyOne(target, checks, surroundings, seconds, exclusive));
  };
  await Promise.all(Array.from({ length: Math.min(parallel, targets.length) }, worker));
  return verified.sort((a, b) => (a.session < b.session ? -1 : 1));
}

/** One at a time, in the order of asking. */
class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }
}

async function verifyOne(
  target: Target,
  checks: readonly Check[],
  surroundings: Surroundings,
  seconds: number,
  exclusive: Turns,
): Promise<Verified> {
  const { promised } = target;
  const planned = checks.flatMap((check) => {
    const promise = check.promise(promised, surroundings);
    return promise === undefined ? [] : [{ check, promise, attempt: check.attempt(promised, surroundings) }];
  });
  const calls = (alone: boolean, proxyHalted: boolean) =>
    planned.flatMap(({ check, attempt }) =>
      "probe" in attempt && (attempt.alone ?? false) === alone && (attempt.proxyHalted ?? false) === proxyHalted
        ? [{ id: check.id, probe: attempt.probe, args: attempt.args, seconds: alone ? 30 : 15 }]
        : [],
    );
  const started = Date.now();
  const left = () => Math.max(0, seconds - (Date.now() - started) / 1000);
  const outcomes = await run(target, calls(false, false), seconds);
  const [halted, heavy] = [calls(false, true), calls(true, false)];
  if (halted.length > 0) outcomes.push(...(await runHalted(target, halted, left())));
  if (heavy.length > 0) outcomes.push(...(await exclusive.take(() => run(target, heavy, left()))));
  return {
    session: promised.id,
    results: planned.map(({ check, promise, attempt }) => ({
      id: check.id,
      promise,
      attempt: attempt.how,
      ...judge(check, attempt, { promised, surroundings, outcomes }),
    })),
  };
}

async function run(target: Target, calls: readonly Call[], seconds: number): Promise<Outcome[]> {
  if (calls.length === 0) return [];
  const key = newKey();
  try {
    const { outcomes, unsigned } = readOutcomes(await target.execute(probeCommand(calls, seconds), seconds + 2, `${key}\n`), key);
    if (unsigned === 0) return outcomes;
    // Who can write one answer there can keep others from being written.
    return calls.map(({ id }) => ({ id, forged: `the session forged answers: ${unsigned} lines are not signed` }));
  } catch (error) {
    return calls.map(({ id }) => ({ id, error: (error as Error).message }));
  }
}

/** Seconds. A session's health check waits three for its proxy, and one failure of it ends no session. */
const haltSeconds = 5;

async function runHalted(target: Target, calls: readonly Call[], seconds: number): Promise<Outcome[]> {
  const failed = (error: string) => calls.map(({ id }) => ({ id, error }));
  try {
    const halted = await target.haltProxy(haltSeconds);
    const outcomes = await run(target, calls, Math.min(seconds, haltSeconds));
    return (await halted.resume()) ? outcomes : failed(`the proxy went on after ${haltSeconds} seconds, before all was tried`);
  } catch (error) {
    return failed((error as Error).message);
  }
}

function judge(
  check: Check,
  attempt: Attempt,
  { promised, surroundings, outcomes }: { promised: Promised; surroundings: Surroundings; outcomes: readonly Outcome[] },
): Pick<Result, "verdict" | "found"> {
  if ("notTried" in attempt) return { verdict: "not tried", found: attempt.notTried };
  const [outcome, second] = "answer" in attempt ? [attempt] : outcomes.filter(({ id }) => id === check.id);
  if (outcome === undefined) return { verdict: "not tried", found: "the session gave no answer in time" };
  if (second !== undefined) return { verdict: "not held", found: "the session answered twice" };
  if ("forged" in outcome) return { verdict: "not held", found: outcome.forged };
  if ("error" in outcome) return { verdict: "not tried", found: outcome.error };
  try {
    const { held, found } = check.expectation(outcome.answer, promised, surroundings);
    return { verdict: held === undefined ? "not tried" : held ? "held" : "not held", found: String(found) };
  } catch {
    return { verdict: "not tried", found: "the session answered what no attempt brings" };
  }
}

import type { CleanupPolicy, CleanupTrigger } from "../../../settings/cleanup.ts";
import { formatDuration } from "../../../units.ts";
import type { SessionThings, Standing, Thing } from "./survey.ts";

/** What is decided of one thing that a policy names. */
export interface Verdict {
  readonly thing: Thing;
  readonly goes: boolean;
  /** As a sentence goes on. */
  readonly why: string;
}

export interface Circumstances {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Policies that somebody named. */
  readonly asked: readonly string[];
  /** The stack file describes the session. */
  readonly described: boolean;
  /** The Pulumi CLI made what is there of the stack. */
  readonly pulumi: boolean;
  /** What the session is; nothing where it does not run. */
  readonly standing?: Standing;
  /** How full the engine's disk is, in percent; nothing where no policy asks. */
  readonly disk?: number;
}

/** Decides what of a session goes by a policy, and says why the rest of what the policy names stays. */
export function decideCleanup(policy: CleanupPolicy, held: SessionThings, at: Circumstances): readonly Verdict[] {
  const { sessions, trigger, volumes, containers } = policy;
  if (sessions !== undefined && !sessions.includes(held.session)) return [];
  const named = held.things.filter(({ data }) => (data === undefined ? containers : volumes.includes(data)));
  const all = (goes: boolean, why: string) => named.map((thing) => ({ thing, goes, why }));
  const runs = held.things.some(({ main, running }) => main && running);
  // What was begun is finished, unless somebody has started the session again since.
  const begun = held.begun === policy.name && !runs;
  if (
    !begun &&
    (trigger.kind === "disk" ? (at.disk ?? 0) <= trigger.percent : trigger.kind === "manual" && !at.asked.includes(policy.name))
  )
    return [];
  if (at.described && at.pulumi)
    return all(false, "the Pulumi CLI has it in its state and would miss it; take the session out of the stack file first");
  if (at.described && sessions === undefined && trigger.kind !== "complete" && !begun)
    return all(false, "the stack file describes the session, and the policy does not name it");
  if (begun) return withoutUsed(all(true, "its removal was begun before"));
  if (trigger.kind === "complete") {
    const refusal = notEnded(trigger.seconds, at, runs);
    if (refusal !== undefined) return all(false, refusal);
  }
  const served = serving(held.things, sessions !== undefined || trigger.kind === "complete", trigger, at);
  return withoutUsed(
    named.map((thing) => {
      const { goes, why } = thing.data === undefined ? served : due(thing.made, trigger, at);
      return { thing, goes, why };
    }),
  );
}

/** Keeps what somebody else may own, and volumes that a container has mounted which stays. */
function withoutUsed(verdicts: readonly Verdict[]): readonly Verdict[] {
  const sound = verdicts.map((verdict) =>
    verdict.goes && verdict.thing.strange !== undefined ? { ...verdict, goes: false, why: verdict.thing.strange } : verdict,
  );
  const going = new Set(sound.flatMap(({ thing, goes }) => (goes && thing.kind === "container" ? [thing.name] : [])));
  return sound.map((verdict) => {
    const user = verdict.thing.mountedBy.find((name) => !going.has(name));
    return verdict.goes && user !== undefined ? { ...verdict, goes: false, why: `container ${user} has it mounted` } : verdict;
  });
}

/** Why the trigger `complete` does not hold; nothing when it does. */
function notEnded(seconds: number, { standing, now }: Circumstances, runs: boolean): string | undefined {
  if (!runs || standing === undefined) return "whether the session is complete cannot be told, as it does not run";
  if (standing.endedSince === undefined) return `the session is ${standing.text}`;
  const since = Math.max(0, (now - standing.endedSince) / 1000);
  return since >= seconds
    ? undefined
    : `the session is ${standing.text} for ${formatDuration(since)}, less than ${formatDuration(seconds)}`;
}

/** Whether a session's container goes, and with it all that serves it: as old as that container is, or the youngest of what is left without it. */
function serving(things: readonly Thing[], mayRun: boolean, trigger: CleanupTrigger, at: Circumstances): Omit<Verdict, "thing"> {
  const parts = things.filter(({ data }) => data === undefined);
  const main = parts.find((thing) => thing.main);
  if (main?.running && !mayRun) return { goes: false, why: "the session runs, and the policy does not name it" };
  return due(main?.made ?? Math.max(...parts.map(({ made }) => made)), trigger, at);
}

/** @param made milliseconds since 1970 */
function due(made: number, trigger: CleanupTrigger, { now, standing, disk = 0 }: Circumstances): Omit<Verdict, "thing"> {
  switch (trigger.kind) {
    case "manual":
      return { goes: true, why: "it was asked for" };
    case "disk":
      return { goes: true, why: `the disk is ${Math.ceil(disk)} % full, more than ${trigger.percent} %` };
    case "complete":
      return { goes: true, why: `the session is ${standing?.text} for ${formatDuration((now - (standing?.endedSince ?? now)) / 1000)}` };
    case "age": {
      const age = Math.max(0, (now - made) / 1000);
      const goes = age >= trigger.seconds;
      if (made === Number.POSITIVE_INFINITY) return { goes: false, why: "the engine does not say when it was made" };
      return { goes, why: `it was made ${formatDuration(age)} ago, ${goes ? "at least" : "less than"} ${formatDuration(trigger.seconds)}` };
    }
  }
}

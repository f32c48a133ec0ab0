import { isRecord } from "./rules/read/value.ts";

/** A violation that somebody answers for, until a day. */
export interface Exception {
  /** A resource's URN or name; `*` stands for anything, but not for everything. */
  readonly resource: string;
  readonly reason: string;
  readonly owner: string;
  /** Last day on which it holds, `2027-03-31`. */
  readonly expires: string;
}

/** What is wrong with an exception, as sentences; none when it holds. */
export function* faults(exception: unknown, now: Date): Iterable<string> {
  if (!isRecord(exception)) {
    yield "must be an object with resource, reason, owner and expires";
    return;
  }
  for (const key of ["resource", "reason", "owner"]) {
    const value = exception[key];
    if (typeof value !== "string" || value.trim() === "") yield `must have a ${key}`;
  }
  if (typeof exception.resource === "string" && /^[*\s]*$/.test(exception.resource)) yield "must name a resource, not all of them";
  const end = lastMoment(exception.expires);
  if (end === undefined) yield "must have a day on which it expires, such as 2027-03-31";
  else if (end < now.getTime()) yield `must be renewed or removed: it expired on ${String(exception.expires)}`;
}

/** The end of a day in UTC, in milliseconds. */
function lastMoment(day: unknown): number | undefined {
  if (typeof day !== "string" || !/^\d{4}-\d{2}-\d{2}$/.test(day)) return undefined;
  const end = Date.parse(`${day}T23:59:59.999Z`);
  return Number.isNaN(end) ? undefined : end;
}

function matches(pattern: string, words: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(words);
}

/** The exceptions in a rule's settings. Something that is no list counts as one faulty exception. */
export function exceptionsIn(settings: unknown): readonly unknown[] {
  const exceptions = isRecord(settings) ? settings.exceptions : undefined;
  if (exceptions === undefined || exceptions === null) return [];
  return Array.isArray(exceptions) ? exceptions : [exceptions];
}

/** The exception that covers a resource, if one holds today. */
export function exceptionFor(exceptions: readonly unknown[], urn: string, now: Date): Exception | undefined {
  const name = urn.split("::").at(-1) ?? urn;
  for (const candidate of exceptions) {
    if (![...faults(candidate, now)].every(() => false)) continue;
    const exception = candidate as Exception;
    if (matches(exception.resource, urn) || matches(exception.resource, name)) return exception;
  }
  return undefined;
}

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { StackSource } from "./configuration.ts";

/** What sessions may do beyond a sealed box, a line each. It is an output of the program and stands in nothing that it makes. */

export interface AuthorityChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** What is added and what removed, sorted. */
export function compareAuthority(before: readonly string[], after: readonly string[]): AuthorityChange {
  const less = (lines: readonly string[], others: readonly string[]) => lines.filter((line) => !others.includes(line)).sort();
  return { added: less(after, before), removed: less(before, after) };
}

/** The lines of some sessions, and those that are of none. */
export function authorityOfSessions(lines: readonly string[], sessions: readonly (string | undefined)[]): string[] {
  return lines.filter((line) => {
    const session = sessionOf(line);
    return session === undefined || sessions.includes(session);
  });
}

/** The session that a line is of; none of what is of the whole stack. */
export const sessionOf = (line: string): string | undefined => /^session ([^:]+): /.exec(line)?.[1];

/** Where a checkout keeps what it applied last, since an engine has no place for what its objects are not made of. */
const fileOf = (root: string, stack: string) => join(root, ".agent-sessions", "authority", `${stack}.json`);

/** What was applied last from this checkout; undefined when it was not, or nobody knows any more. */
export function keptAuthority({ root, stack }: Pick<StackSource, "root" | "stack">): readonly string[] | undefined {
  try {
    const kept: unknown = JSON.parse(readFileSync(fileOf(root, stack), "utf8"));
    return Array.isArray(kept) && kept.every((line) => typeof line === "string") ? kept : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Keeps what has been applied, by whichever engine. A reader finds the old lines or the new ones, never a part.
 *
 * @param only the sessions that it was applied for; what the others may do stays as it was
 */
export function keepAuthority(
  { root, stack }: Pick<StackSource, "root" | "stack">,
  lines: readonly string[],
  only?: readonly string[],
): void {
  const kept = only === undefined ? [] : (keptAuthority({ root, stack }) ?? []);
  const replaced = only === undefined ? [] : authorityOfSessions(kept, only);
  const applied = only === undefined ? lines : authorityOfSessions(lines, only);
  const all = [...applied, ...kept.filter((line) => !replaced.includes(line))].sort();
  const file = fileOf(root, stack);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, `${JSON.stringify(all, null, 2)}\n`);
  renameSync(`${file}.${process.pid}`, file);
}

import type { Properties } from "./program.ts";

/** One input that differs. */
export interface InputChange {
  readonly key: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** The inputs that differ, sorted by key. */
export function compareInputs(before: Properties, after: Properties): InputChange[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys
    .filter((key) => stableJson(before[key]) !== stableJson(after[key]))
    .map((key) => ({ key, before: before[key], after: after[key] }));
}

/** JSON with sorted keys, so that equal values are equal texts. */
export function stableJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

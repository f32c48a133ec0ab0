import type { Severity } from "./severity.ts";

/** What one violation costs, out of 100. */
const cost: Readonly<Record<Severity, number>> = { critical: 40, high: 15, medium: 5, low: 1 };

/** 100 for a stack without violations, never below 0. */
export function score(violations: Iterable<Severity>): number {
  let left = 100;
  for (const severity of violations) left -= cost[severity];
  return Math.max(0, left);
}

/** A violation of this severity makes a stack insecure, and so does a rule that may find one and could not be judged. */
export function isGrave(severity: Severity): boolean {
  return severity === "critical" || severity === "high";
}

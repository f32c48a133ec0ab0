/** Reports of several stacks as one. */
import type { Counts, Report } from "../evaluate.ts";
import { levels } from "../rules/severity.ts";

/** A stack and what was found in it. */
export interface Checked {
  readonly stack: string;
  /**
   * File that findings are shown at, from the root of the repository; services want one, and a resource has no line of its
   * own.
   */
  readonly source: string;
  readonly report: Report;
}

/** All findings, with the worst of each figure, and the figures of each stack. */
export interface Combined extends Report {
  readonly stacks: readonly (Pick<Report, "level" | "score" | "secure" | "counts"> & { readonly stack: string })[];
}

/** @throws RangeError when there is nothing to combine */
export function combined(checked: readonly Checked[]): Combined {
  const [first] = checked;
  if (first === undefined) throw new RangeError("there is no report to combine");
  const reports = checked.map(({ report }) => report);
  const sum = (key: keyof Counts) => reports.reduce((total, { counts }) => total + counts[key], 0);
  const keys = Object.keys(first.report.counts) as (keyof Counts)[];
  return {
    packVersion: first.report.packVersion,
    level: levels[Math.max(...reports.map(({ level }) => levels.indexOf(level)))] ?? first.report.level,
    score: Math.min(...reports.map(({ score }) => score)),
    secure: reports.every(({ secure }) => secure),
    counts: Object.fromEntries(keys.map((key) => [key, sum(key)])) as unknown as Counts,
    findings: reports.flatMap(({ findings }) => findings),
    stacks: checked.map(({ stack, report: { level, score, secure, counts } }) => ({
      stack,
      level,
      score,
      secure,
      counts,
    })),
  };
}

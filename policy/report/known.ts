/**
 * Violations that a team knew of when it began to check an old stack: they fail no check any more, and new ones do. The stack
 * is as secure as it was, so score and `secure` stay.
 */
import { countsOf, type Finding, type Report } from "../evaluate.ts";
import { isRecord } from "../rules/read/value.ts";

type Identity = Pick<Finding, "rule" | "severity" | "resource" | "message">;

const keyOf = ({ rule, severity, resource, message }: Identity): string => JSON.stringify([rule, severity, resource, message]);

/**
 * The violations of a report.
 *
 * @param report what `check --format json` printed
 * @param name how a sentence calls it
 * @throws Error when it is none
 */
export function violationsIn(report: unknown, name: string): ReadonlySet<string> {
  const findings = isRecord(report) ? report.findings : undefined;
  const isFinding = (one: unknown): one is Finding =>
    isRecord(one) && ["rule", "severity", "resource", "message", "verdict"].every((key) => typeof one[key] === "string");
  if (!Array.isArray(findings) || !findings.every(isFinding))
    throw new Error(`${name} is no baseline: it must be a report with its findings; write it with sessions check --format json`);
  return new Set(findings.filter(({ verdict }) => verdict === "violation").map(keyOf));
}

/** A report in which the violations that were known are excepted. What could not be judged is known to nobody. */
export function withoutKnown(report: Report, known: ReadonlySet<string>): Report {
  const findings = report.findings.map(
    (finding): Finding =>
      finding.verdict === "violation" && known.has(keyOf(finding))
        ? { ...finding, verdict: "excepted", message: `${finding.message} Known in the baseline.` }
        : finding,
  );
  return { ...report, findings, counts: countsOf(findings, report.counts.resources) };
}

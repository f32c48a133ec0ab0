/** A report as lines of an audit log. */
import type { Report } from "../evaluate.ts";

/** JSON Lines, one for each finding, or one that says that nothing was found; each ends in a line break. */
export function auditLines(report: Report, stack: string, now: Date): string {
  const { packVersion, level, score, secure } = report;
  const time = now.toISOString();
  const lines = report.findings.map(({ rule, resource, severity, enforcement, verdict }) => ({
    time,
    stack,
    level,
    rule,
    resource,
    severity,
    enforcement,
    verdict,
    packVersion,
  }));
  const summary = {
    time,
    stack,
    level,
    verdict: "checked",
    score,
    secure,
    resources: report.counts.resources,
    packVersion,
  };
  return [...lines, summary].map((line) => `${JSON.stringify(line)}\n`).join("");
}

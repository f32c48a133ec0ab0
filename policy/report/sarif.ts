/** A report as SARIF 2.1.0, which code scanning services read. */
import type { Finding, Report } from "../evaluate.ts";
import { rules } from "../rules/index.ts";
import type { Severity } from "../rules/severity.ts";

/** As GitHub ranks them, out of 10. */
const rank: Readonly<Record<Severity, string>> = { critical: "9.5", high: "8.0", medium: "5.5", low: "2.0" };

const levelOf = (severity: Severity): string =>
  severity === "critical" || severity === "high" ? "error" : severity === "medium" ? "warning" : "note";

/**
 * @param source File that a finding is shown at, from the root of the repository; services want one, and a resource has no
 * line of its own.
 */
export function sarif(report: Report, source: string): object {
  const indexes = new Map(rules.map(({ id }, at) => [id, at]));
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "agent-sessions-policy",
            version: report.packVersion,
            semanticVersion: report.packVersion,
            rules: rules.map((rule) => ({
              id: rule.id,
              name: rule.name,
              shortDescription: { text: `${rule.title}.` },
              fullDescription: { text: `${rule.title}. Reads: ${rule.reads}.` },
              help: { text: rule.remediation },
              defaultConfiguration: { level: levelOf(rule.severity) },
              properties: {
                tags: ["security", ...rule.frameworks.map(({ name, reference }) => `${name} ${reference}`)],
                "security-severity": rank[rule.severity],
              },
            })),
          },
        },
        columnKind: "utf16CodeUnits",
        results: report.findings.map((finding) => resultOf(finding, indexes.get(finding.rule), source)),
        properties: { level: report.level, score: report.score, secure: report.secure },
      },
    ],
  };
}

function resultOf(finding: Finding, ruleIndex: number | undefined, source: string): object {
  const { rule, severity, resource, type, message, remediation, enforcement, verdict } = finding;
  return {
    ruleId: rule,
    ...(ruleIndex !== undefined && { ruleIndex }),
    // What is no failure has no level.
    ...(verdict === "not-evaluated"
      ? { kind: "open", level: "none" }
      : { kind: "fail", level: verdict === "recommendation" ? "note" : levelOf(severity) }),
    message: { text: `${message} ${remediation}` },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: source }, region: { startLine: 1 } },
        logicalLocations: [
          { fullyQualifiedName: resource, name: resource.split("::").at(-1) ?? resource, kind: "resource" },
        ],
      },
    ],
    partialFingerprints: { "resourceAndRule/v1": `${rule}:${resource}` },
    ...(verdict === "excepted" && { suppressions: [{ kind: "external", status: "accepted", justification: message }] }),
    properties: { severity, type, enforcement, verdict },
  };
}

/** A report as SARIF 2.1.0, which code scanning services read. */
import type { Finding } from "../evaluate.ts";
import { rules } from "../rules/index.ts";
import type { Severity } from "../rules/severity.ts";
import { type Checked, combined } from "./checked.ts";

/** As GitHub ranks them, out of 10. */
const rank: Readonly<Record<Severity, string>> = { critical: "9.5", high: "8.0", medium: "5.5", low: "2.0" };

const levelOf = (severity: Severity): string =>
  severity === "critical" || severity === "high" ? "error" : severity === "medium" ? "warning" : "note";

/** One run for all stacks, since services take one from a tool. */
export function sarif(checked: readonly Checked[]): object {
  const { packVersion, level, score, secure } = combined(checked);
  const indexes = new Map(rules.map(({ id }, at) => [id, at]));
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "agent-sessions-policy",
            version: packVersion,
            semanticVersion: packVersion,
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
        results: checked.flatMap(({ report, source }) =>
          report.findings.map((finding) => resultOf(finding, indexes.get(finding.rule), source)),
        ),
        properties: { level, score, secure },
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
        logicalLocations: [{ fullyQualifiedName: resource, name: resource.split("::").at(-1) ?? resource, kind: "resource" }],
      },
    ],
    partialFingerprints: { "resourceAndRule/v1": `${rule}:${resource}` },
    ...(verdict === "excepted" && { suppressions: [{ kind: "external", status: "accepted", justification: message }] }),
    properties: { severity, type, enforcement, verdict },
  };
}

/** What check found, for people: what says the same of several resources is said once. */
import type { Finding } from "../../../policy/evaluate.ts";
import type { Checked } from "../../../policy/report/checked.ts";
import { severities } from "../../../policy/rules/severity.ts";
import { plain } from "../../printable.ts";
import { table } from "../table.ts";

const titles = {
  violation: "Violations",
  "not-evaluated": "Not evaluated, so not passed",
  excepted: "Excepted",
} as const;

/** Lines of advice for a stack; it never blocks, and is not what a person has to read first. */
const adviceLines = 10;
/** Characters of a line of advice. */
const adviceWidth = 100;
/** Resources that a row names; the others are counted. */
const named = 4;

/** What a rule says in the same words of some resources. */
interface Group {
  readonly first: Finding;
  readonly text: string;
  readonly resources: readonly string[];
}

/** Names in a foreign stack are a stranger's, and may hold what a terminal obeys. */
const nameOf = ({ resource }: Finding): string => plain(resource.split("::").at(-1) ?? resource);

/** What is found, without the name of what it is found in. */
const unnamed = (message: string): string => message.replace(/^(The [^"]*?) ?"[^"]*"/, "$1 …");

/** Findings that differ in nothing but the resource, as one; the gravest come first. */
export function grouped(findings: readonly Finding[]): Group[] {
  const groups = Map.groupBy(findings, ({ rule, severity, enforcement, message, remediation }) =>
    JSON.stringify([rule, severity, enforcement, unnamed(message), remediation]),
  );
  return [...groups.values()]
    .flatMap((found): Group[] => {
      const [first] = found;
      if (first === undefined) return [];
      const isOne = found.every(({ message }) => message === first.message);
      return [{ first, text: plain(isOne ? first.message : unnamed(first.message)), resources: found.map(nameOf) }];
    })
    .sort((a, b) => severities.indexOf(a.first.severity) - severities.indexOf(b.first.severity));
}

/** `web`, or `5: web, database, cache, queue and 1 more`. */
function where(resources: readonly string[]): string {
  if (resources.length === 1) return resources[0] ?? "";
  const names = [...new Set(resources)];
  const more = names.length - named;
  return `${resources.length}: ${names.slice(0, named).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function tableOf(findings: readonly Finding[], title: string, screen?: number): string[] {
  if (findings.length === 0) return [];
  const rows = grouped(findings).map(({ first: { rule, severity, enforcement, remediation }, text, resources }) => [
    rule,
    severity,
    enforcement,
    where(resources),
    text,
    remediation,
  ]);
  return [`${title}:`, table(["rule", "severity", "enforcement", "resource", "found", "what to do"], rows, screen)];
}

function advice(findings: readonly Finding[]): string[] {
  const groups = grouped(findings).sort((a, b) => b.resources.length - a.resources.length);
  if (groups.length === 0) return [];
  const lines = groups.map(({ first, text, resources }) => {
    const line = `  ${first.rule}  ${resources.length === 1 ? "" : `${resources.length} times: `}${text}`;
    return line.length > adviceWidth ? `${line.slice(0, adviceWidth - 1)}…` : line;
  });
  const shown = lines.length > adviceLines ? adviceLines - 1 : lines.length;
  const more = lines.length - shown;
  return [
    "Recommendations: check --explain RULE says what to do.",
    ...lines.slice(0, shown),
    ...(more > 0 ? [`  and ${more} more of other rules or texts; --format json has all`] : []),
  ];
}

/** A stack's score, figures and findings. @param screen columns of the terminal that is looked at, where one is */
export function stackText({ stack, report }: Checked, screen?: number): string {
  const { score, secure, level, counts, findings, packVersion } = report;
  const of = (verdict: Finding["verdict"]) => findings.filter((finding) => finding.verdict === verdict);
  const head = `Stack ${plain(stack)}, level ${level}, rules ${packVersion}: score ${score} of 100, ${secure ? "secure" : "not secure"}.`;
  const figures = `${counts.resources} resources; ${severities.map((severity) => `${counts[severity]} ${severity}`).join(", ")}; ${counts.recommendations} recommendations, ${counts.notEvaluated} not evaluated, ${counts.excepted} excepted.`;
  const tables = (Object.keys(titles) as (keyof typeof titles)[]).flatMap((verdict) => tableOf(of(verdict), titles[verdict], screen));
  return [head, figures, ...tables, ...advice(of("recommendation"))].join("\n");
}

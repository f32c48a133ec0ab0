import { appendFileSync, readFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { evaluate, blocked, stops, type Level, type PolicyConfig, type Report, type Severity } from "../../policy/evaluate.ts";
import { auditLines } from "../../policy/report/audit.ts";
import { type Checked, combined } from "../../policy/report/checked.ts";
import { junit } from "../../policy/report/junit.ts";
import { sarif } from "../../policy/report/sarif.ts";
import { fromPreview, fromState } from "../../policy/stack-files.ts";
import { EmbeddedEngine } from "../embedded/engine.ts";
import { review } from "../embedded/review.ts";
import { UnreadSecrets } from "../secrets.ts";
import { plain } from "./printable.ts";
import { table } from "./table.ts";
import { path, loadStack, stackNames } from "./stack.ts";

interface Options {
  readonly stack?: string;
  readonly level?: Level;
  readonly format: "table" | "json" | "sarif" | "junit";
  readonly failOn?: Severity;
  readonly config?: PolicyConfig;
  readonly auditLog?: string;
  readonly state?: string;
  readonly preview?: string;
}

const severities: readonly Severity[] = ["critical", "high", "medium", "low"];

export function register(program: Command): void {
  program
    .command("check")
    .description("Judge every stack file by the policy rules. Needs no engine, CLI, login or secret, and changes nothing.")
    .option("-s, --stack <name>", "this stack alone")
    .addOption(
      new Option("--level <level>", "how strict; that of the stack's strategy when left out, local for a foreign stack").choices([
        "local",
        "single-node",
        "production",
      ]),
    )
    .addOption(new Option("--format <format>", "what is printed").choices(["table", "json", "sarif", "junit"]).default("table"))
    .addOption(
      new Option(
        "--fail-on <severity>",
        "end with 1 when there is a violation as grave as this or graver; when left out, when one would stop a deployment",
      ).choices(severities),
    )
    .option("--config <file>", "enforcement, settings and exceptions of rules, as for pulumi --policy-pack-config", readConfig)
    .option("--audit-log <file>", "add a line of JSON for each finding to this file", path)
    .addOption(
      new Option("--state <file>", "judge a foreign stack instead: what pulumi stack export wrote")
        .argParser(path)
        .conflicts(["stack", "preview"]),
    )
    .addOption(
      new Option("--preview <file>", "judge a foreign stack instead: what pulumi preview --json wrote").argParser(path).conflicts("stack"),
    )
    .addHelpText(
      "after",
      [
        "",
        "What could not be evaluated is not passed: a stack is not secure while a rule of High or above was not judged, and at level",
        "production that ends with 1 too, unless the setting allowNotEvaluated of GEN-002 is true.",
        "",
        "Several stacks are one report: all findings, the lowest score, secure when all are; --format json has each stack's own",
        "figures under stacks. A resource is named by its URN, in which its stack stands.",
        "",
        "Example:",
        "  sessions check --fail-on medium",
        "  sessions check --level production --config policy/levels/production.json",
        "  sessions check --format sarif > agent-sessions.sarif",
        "  pulumi stack export > stack.json && sessions check --state stack.json",
        "",
      ].join("\n"),
    )
    .action(run);
}

async function run(options: Options): Promise<void> {
  const checked = await judged(options);
  const now = new Date();
  if (options.auditLog !== undefined)
    for (const { stack, report } of checked) appendFileSync(options.auditLog, auditLines(report, stack, now));
  process.stdout.write(`${print(checked, options.format, now).trimEnd()}\n`);
  if (checked.some(({ report }) => fails(report, options.failOn))) process.exitCode = 1;
}

async function judged(options: Options): Promise<Checked[]> {
  const file = options.state ?? options.preview;
  if (file !== undefined) {
    const read = options.state === undefined ? fromPreview : fromState;
    const { level, config } = options;
    return [
      {
        stack: file,
        source: file,
        report: evaluate(read(readJson(file)), { ...(level !== undefined && { level }), ...(config !== undefined && { config }) }),
      },
    ];
  }
  const checked: Checked[] = [];
  for (const stack of options.stack === undefined ? stackNames() : [options.stack]) {
    const engine = new EmbeddedEngine(loadStack(stack));
    const { plan } = await engine.plan(await engine.live(), { secrets: new UnreadSecrets() });
    checked.push({ stack, source: `stacks/Pulumi.${stack}.yaml`, report: review(plan.run.registrations, engine.settings, options) });
  }
  return checked;
}

function fails(report: Report, failOn: Severity | undefined): boolean {
  if (failOn === undefined) return blocked(report);
  const grave = severities.slice(0, severities.indexOf(failOn) + 1);
  return report.findings.some(
    (finding) =>
      grave.includes(finding.severity) && (finding.verdict === "violation" || (finding.verdict === "not-evaluated" && stops(finding))),
  );
}

function print(checked: readonly Checked[], format: Options["format"], now: Date): string {
  switch (format) {
    case "json":
      return JSON.stringify(combined(checked), null, 2);
    case "sarif":
      return JSON.stringify(sarif(checked), null, 2);
    case "junit":
      return junit(checked, now);
    case "table":
      return checked.map(stackText).join("\n\n");
  }
}

const titles = {
  violation: "Violations",
  "not-evaluated": "Not evaluated, so not passed",
  excepted: "Excepted",
  recommendation: "Recommendations",
} as const;

function stackText({ stack, report }: Checked): string {
  const { score, secure, level, counts, findings, packVersion } = report;
  const parts = (Object.keys(titles) as (keyof typeof titles)[]).flatMap((verdict) => {
    const found = findings
      .filter((finding) => finding.verdict === verdict)
      .sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
    if (found.length === 0) return [];
    // Names in a foreign stack are a stranger's, and may hold what a terminal obeys.
    const rows = found.map(({ rule, severity, enforcement, resource, message, remediation }) => [
      rule,
      severity,
      enforcement,
      plain(resource.split("::").at(-1) ?? resource),
      plain(message),
      remediation,
    ]);
    return [
      `${titles[verdict]}:`,
      table(["rule", "severity", "enforcement", "resource", "found", "what to do"], rows, [11, 10, 13, 26, 50, 50]),
    ];
  });
  const head = `Stack ${plain(stack)}, level ${level}, rules ${packVersion}: score ${score} of 100, ${secure ? "secure" : "not secure"}.`;
  const figures = `${counts.resources} resources; ${severities.map((severity) => `${counts[severity]} ${severity}`).join(", ")}; ${counts.recommendations} recommendations, ${counts.notEvaluated} not evaluated, ${counts.excepted} excepted.`;
  return [head, figures, ...parts].join("\n");
}

function readConfig(file: string): PolicyConfig {
  try {
    const config = readJson(file);
    if (typeof config === "object" && config !== null && !Array.isArray(config)) return config as PolicyConfig;
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
  throw new InvalidArgumentError(`${file} must hold an object with a key for each rule, as policy/levels/local.json does.`);
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}); name a file that is there`);
  }
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the file, which may hold secrets.
    throw new Error(`${file} is no JSON; write it anew`);
  }
}

import { appendFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import {
  evaluate,
  blocked,
  stops,
  type Level,
  type PolicyConfig,
  type Report,
  type Resource,
  type Severity,
} from "../../policy/evaluate.ts";
import { auditLines } from "../../policy/report/audit.ts";
import { type Checked, combined } from "../../policy/report/checked.ts";
import { junit } from "../../policy/report/junit.ts";
import { violationsIn, withoutKnown } from "../../policy/report/known.ts";
import { sarif } from "../../policy/report/sarif.ts";
import { explained } from "../../policy/reference.ts";
import { levels, severities } from "../../policy/rules/severity.ts";
import { fromPreview, fromState } from "../../policy/stack-files.ts";
import { review } from "../recorder/review.ts";
import { recordStack } from "../recorder/stack.ts";
import { UnreadSecrets } from "../secrets.ts";
import { readConfig, readForeign, readJson, standardInput } from "./check/foreign.ts";
import { stackText } from "./check/text.ts";
import { loadStack, path, stackNames } from "./stack.ts";

interface Options {
  readonly stack?: string;
  readonly level?: Level;
  readonly format: "table" | "json" | "sarif" | "junit";
  readonly failOn?: Severity;
  readonly config?: PolicyConfig;
  readonly auditLog?: string;
  readonly state?: string;
  readonly preview?: string;
  readonly baseline?: ReadonlySet<string>;
  readonly explain?: string;
}

export function register(program: Command): void {
  program
    .command("check")
    .description("Judge every stack file by the policy rules. Needs no engine, CLI, login or secret, and changes nothing.")
    .argument(
      "[file]",
      "judge a foreign stack instead: what pulumi stack export or pulumi preview --json wrote; - reads standard input",
      (file) => (file === standardInput ? file : path(file)),
    )
    .option("-s, --stack <name>", "this stack alone")
    .addOption(
      new Option("--level <level>", "how strict; that of the stack's strategy when left out, local for a foreign stack").choices(levels),
    )
    .addOption(new Option("--format <format>", "what is printed").choices(["table", "json", "sarif", "junit"]).default("table"))
    .addOption(
      new Option(
        "--fail-on <severity>",
        "end with 1 when there is a violation as grave as this or graver; when left out, when one would stop a deployment",
      ).choices(severities),
    )
    .option("--config <file>", "enforcement, settings and exceptions of rules, as for pulumi --policy-pack-config", readConfig)
    .option(
      "--baseline <file>",
      "except the violations of this earlier report (check --format json), so that new ones alone fail",
      readBaseline,
    )
    .option("--explain <rule>", "print what a rule asks for, why and what to do, and judge nothing")
    .option("--audit-log <file>", "add a line of JSON for each finding to this file", path)
    .addOption(
      new Option("--state <file>", "judge a foreign stack instead: what pulumi stack export wrote")
        .argParser(path)
        .conflicts(["stack", "preview"]),
    )
    .addOption(
      new Option("--preview <file>", "judge a foreign stack instead: what pulumi preview --json wrote").argParser(path).conflicts("stack"),
    )
    .addHelpText("after", more.join("\n"))
    .action(run);
}

/** Below the options. */
const more = [
  "",
  "What could not be evaluated is not passed: a stack is not secure while a rule of High or above was not judged, and at level",
  "production that ends with 1 too, unless the setting allowNotEvaluated of GEN-002 is true.",
  "",
  "Several stacks are one report: all findings, the lowest score, secure when all are; --format json has each stack's own",
  "figures under stacks. A resource is named by its URN, in which its stack stands.",
  "",
  "Example:",
  "  npx sessions check --fail-on medium",
  "  npx sessions check --level production --config policy/levels/production.json",
  "  npx sessions check --format sarif > agent-sessions.sarif",
  "  pulumi stack export > stack.json && npx sessions check --state stack.json",
  "  pulumi preview --json | npx sessions check -",
  "  npx sessions check --format json > known.json; npx sessions check --baseline known.json",
  "  npx sessions check --explain CTR-001",
  "",
];

async function run(file: string | undefined, options: Options): Promise<void> {
  if (options.explain !== undefined) return explain(options.explain);
  const checked = (await judged(file, options)).map(
    (one): Checked => (options.baseline === undefined ? one : { ...one, report: withoutKnown(one.report, options.baseline) }),
  );
  const now = new Date();
  if (options.auditLog !== undefined)
    for (const { stack, report } of checked) appendFileSync(options.auditLog, auditLines(report, stack, now));
  process.stdout.write(`${print(checked, options.format, now).trimEnd()}\n`);
  if (checked.some(({ report }) => fails(report, options.failOn))) process.exitCode = 1;
}

function explain(rule: string): void {
  const section = explained(rule);
  if (section === undefined) throw new Error(`there is no rule ${JSON.stringify(rule)}; policy/RULES.md lists them, as CTR-001`);
  process.stdout.write(`${section.replace(/^#+ /, "")}\n`);
}

async function judged(file: string | undefined, options: Options): Promise<Checked[]> {
  const { state, preview } = options;
  if (file !== undefined) {
    if ((options.stack ?? state ?? preview) !== undefined)
      throw new Error("name one stack to judge: a file or -, --stack, --state or --preview");
    const { name, resources } = await readForeign(file);
    return [foreign(name, resources, options)];
  }
  if (state !== undefined) return [foreign(state, fromState(readJson(state)), options)];
  if (preview !== undefined) return [foreign(preview, fromPreview(readJson(preview)), options)];
  const checked: Checked[] = [];
  for (const stack of options.stack === undefined ? stackNames() : [options.stack]) {
    const { registrations, settings } = await recordStack(loadStack(stack), new UnreadSecrets());
    checked.push({ stack, source: `stacks/Pulumi.${stack}.yaml`, report: review(registrations, settings, options) });
  }
  return checked;
}

function foreign(source: string, resources: readonly Resource[], { level, config }: Options): Checked {
  const report = evaluate(resources, { ...(level !== undefined && { level }), ...(config !== undefined && { config }) });
  return { stack: source, source, report };
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
      return checked.map((one) => stackText(one, process.stdout.columns)).join("\n\n");
  }
}

function readBaseline(file: string): ReadonlySet<string> {
  try {
    return violationsIn(readJson(path(file)), file);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

/**
 * Judges resources by the rules, without any engine. Nothing in here throws: an input that cannot be read is a finding.
 */
import { defaultsOf, type PolicyConfig, policyConfiguration, policyName } from "./configuration.ts";
import { exceptionFor, exceptionsIn } from "./exceptions.ts";
import { concerns, judge, judgeStack, targetOf } from "./judge.ts";
import manifest from "./package.json" with { type: "json" };
import { rules as everyRule } from "./rules/index.ts";
import type { Resource, Subject } from "./rules/read/subject.ts";
import type { Found, Judgement, Rule, Settings, Unjudged } from "./rules/rule.ts";
import { score, secure } from "./rules/score.ts";
import type { Enforcement, Level, Severity } from "./rules/severity.ts";

export type { PolicyConfig } from "./configuration.ts";
export type { Resource } from "./rules/read/subject.ts";
export type { Enforcement, Level, Severity } from "./rules/severity.ts";

export interface Finding {
  /** The rule's id. */
  readonly rule: string;
  readonly severity: Severity;
  /** URN. */
  readonly resource: string;
  readonly type: string;
  readonly message: string;
  readonly remediation: string;
  readonly enforcement: Enforcement;
  readonly verdict: "violation" | "recommendation" | "not-evaluated" | "excepted";
}

/** How many findings there are of each kind; violations are counted by severity. */
export interface Counts {
  readonly critical: number;
  readonly high: number;
  readonly medium: number;
  readonly low: number;
  readonly recommendations: number;
  readonly notEvaluated: number;
  readonly excepted: number;
  readonly resources: number;
}

export interface Report {
  readonly packVersion: string;
  readonly level: Level;
  /** 0 to 100. */
  readonly score: number;
  /** No Critical and no High violation. */
  readonly secure: boolean;
  readonly counts: Counts;
  readonly findings: readonly Finding[];
}

export interface Options {
  /** @default "local" */
  readonly level?: Level;
  /** The content of a `--policy-pack-config` file. */
  readonly config?: PolicyConfig;
  /** @default every rule */
  readonly rules?: readonly Rule[];
  /** Against which the expiry of exceptions is measured. @default now */
  readonly now?: Date;
}

/** Where a finding about the configuration itself is said to be. */
const configurationResource = { urn: "policy-pack-config", type: "policy-pack-config" };

export function evaluate(resources: readonly Resource[], options: Options = {}): Report {
  const { level = "local", config = {}, rules = everyRule, now = new Date() } = options;
  const policies = policyConfiguration(config, level);
  const findings: Finding[] = [];

  const add = (rule: Rule, one: Judgement, resource: { readonly urn: string; readonly type: string }): void => {
    const severity = one.severity ?? rule.severity;
    const name = policyName(rule, severity);
    const enforcement = policies.enforcement(rule, severity);
    if (enforcement === "disabled") return;
    const excepted = exceptionFor(exceptionsIn(policies.settings(name)), resource.urn, now);
    findings.push({
      rule: rule.id,
      severity,
      resource: resource.urn,
      type: resource.type,
      message: excepted
        ? `${one.message} Excepted until ${excepted.expires}: ${excepted.reason} (${excepted.owner}).`
        : one.message,
      remediation: rule.remediation,
      enforcement: one.advice ? "advisory" : enforcement,
      verdict: excepted ? "excepted" : one.advice ? "recommendation" : "violation",
    });
  };
  const addUnjudged = (
    rule: Rule,
    { why, detail }: Unjudged,
    resource: { readonly urn: string; readonly type: string },
  ): void => {
    const message =
      why === "unknown"
        ? `Not evaluated: ${detail} is not known before the update.`
        : `Not evaluated: an input is not ${detail}.`;
    findings.push({
      rule: rule.id,
      severity: rule.severity,
      resource: resource.urn,
      type: resource.type,
      message,
      remediation: rule.remediation,
      enforcement: "advisory",
      verdict: "not-evaluated",
    });
  };

  const active = rules
    .filter(
      (rule) =>
        policies.enforcement(rule, rule.severity) !== "disabled" ||
        rule.also?.some((s) => policies.enforcement(rule, s) !== "disabled"),
    )
    .map((rule) => ({ rule, settings: { ...defaultsOf(rule), ...policies.settings(rule.id) } as Settings }));
  const overStack = active.filter(({ rule }) => rule.stack);
  const overUnjudged = active.filter(({ rule }) => rule.unjudged);
  const subjects: Subject[] = [];

  for (const resource of resources) {
    const target = targetOf(resource);
    subjects.push(...target.subjects.items);
    const missed: Unjudged[] = [];
    for (const { rule, settings } of active) {
      if (!concerns(rule, resource.type)) continue;
      const { found, unjudged } = judge(rule, target, settings);
      for (const one of found) add(rule, one, resource);
      if (!unjudged) continue;
      missed.push(unjudged);
      addUnjudged(rule, unjudged, resource);
    }
    if (missed.length > 0)
      for (const { rule, settings } of overUnjudged)
        for (const one of rule.unjudged?.(missed, settings) ?? []) add(rule, plain(one), resource);
  }
  for (const { rule, settings } of overStack) {
    const { found, unjudged } = judgeStack(rule, subjects, settings);
    for (const one of found) add(rule, one, one.subject?.resource ?? stackOf(resources));
    if (unjudged) addUnjudged(rule, unjudged, stackOf(resources));
  }
  for (const { rule } of active)
    for (const one of rule.configuration?.({ config, level, now, rules }) ?? [])
      add(rule, plain(one), configurationResource);

  const violations = findings.filter(({ verdict }) => verdict === "violation").map(({ severity }) => severity);
  return {
    packVersion: manifest.version,
    level,
    score: score(violations),
    secure: secure(violations),
    counts: countsOf(findings, resources.length),
    findings,
  };
}

/** Whether a stack must not be deployed. */
export function blocked(report: Report): boolean {
  return report.findings.some(({ verdict, enforcement }) => verdict === "violation" && enforcement === "mandatory");
}

const plain = (found: Found): Judgement => (typeof found === "string" ? { message: found } : found);

/** The stack itself, for what is said about no one resource. */
function stackOf(resources: readonly Resource[]): { readonly urn: string; readonly type: string } {
  const type = "pulumi:pulumi:Stack";
  return { urn: resources.find((resource) => resource.type === type)?.urn ?? "stack", type };
}

function countsOf(findings: readonly Finding[], resources: number): Counts {
  const violations = (severity: Severity) =>
    findings.filter((f) => f.verdict === "violation" && f.severity === severity).length;
  const verdicts = (verdict: Finding["verdict"]) => findings.filter((f) => f.verdict === verdict).length;
  return {
    critical: violations("critical"),
    high: violations("high"),
    medium: violations("medium"),
    low: violations("low"),
    recommendations: verdicts("recommendation"),
    notEvaluated: verdicts("not-evaluated"),
    excepted: verdicts("excepted"),
    resources,
  };
}

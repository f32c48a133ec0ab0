/**
 * Judges resources by the rules, without any engine. Nothing in here throws: an input that cannot be read is a finding.
 */
import { defaultsOf, type PolicyConfig, policyConfiguration, severitiesOf } from "./configuration.ts";
import { type Finding, Findings, type Named } from "./findings.ts";
import { concerns, judge, judgeStack, targetOf } from "./judge.ts";
import manifest from "./package.json" with { type: "json" };
import { rules as everyRule } from "./rules/index.ts";
import type { Resource, Subject } from "./rules/read/subject.ts";
import type { Rule, Settings, Unjudged } from "./rules/rule.ts";
import { score } from "./rules/score.ts";
import type { Level, Severity } from "./rules/severity.ts";

export type { PolicyConfig } from "./configuration.ts";
export type { Finding } from "./findings.ts";
export type { Resource } from "./rules/read/subject.ts";
export type { Enforcement, Level, Severity } from "./rules/severity.ts";

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
  /** No Critical and no High violation, and every rule that may find one was judged. */
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
const configurationResource: Named = { urn: "policy-pack-config", type: "policy-pack-config" };

interface ActiveRule {
  readonly rule: Rule;
  readonly settings: Settings;
}

export function evaluate(resources: readonly Resource[], options: Options = {}): Report {
  const { level = "local", config = {}, rules = everyRule, now = new Date() } = options;
  const policies = policyConfiguration(config, level);
  const findings = new Findings(policies, level, now);
  const active = rules
    .filter((rule) => severitiesOf(rule).some((severity) => policies.enforcement(rule, severity) !== "disabled"))
    .map((rule): ActiveRule => ({ rule, settings: { ...defaultsOf(rule), ...policies.settings(rule.id) } }));

  const subjects = judgeEach(resources, active, findings);
  judgeTogether(subjects, stackOf(resources), active, findings);
  for (const { rule } of active)
    for (const one of rule.configuration?.({ config, level, now, rules }) ?? []) findings.add(rule, one, configurationResource);

  const violations = findings.all.filter(({ verdict }) => verdict === "violation").map(({ severity }) => severity);
  return {
    packVersion: manifest.version,
    level,
    score: score(violations),
    secure: findings.isSecure,
    counts: countsOf(findings.all, resources.length),
    findings: findings.all,
  };
}

/** Judges every resource by itself, and returns all objects in them. */
function judgeEach(resources: readonly Resource[], active: readonly ActiveRule[], findings: Findings): Subject[] {
  const subjects: Subject[] = [];
  const byType = new Map<string, readonly ActiveRule[]>();
  for (const resource of resources) {
    const target = targetOf(resource);
    subjects.push(...target.subjects.items);
    const concerned = byType.get(resource.type) ?? active.filter(({ rule }) => !rule.unjudged && concerns(rule, resource.type));
    byType.set(resource.type, concerned);
    const missed: Unjudged[] = [];
    for (const { rule, settings } of concerned) {
      const { found, unjudged } = judge(rule, target, settings);
      for (const one of found) findings.add(rule, one, resource);
      if (!unjudged) continue;
      missed.push(unjudged);
      findings.addUnjudged(rule, unjudged, resource);
    }
    judgeMissed(missed, resource, active, findings);
  }
  return subjects;
}

function judgeTogether(subjects: readonly Subject[], stack: Named, active: readonly ActiveRule[], findings: Findings): void {
  for (const { rule, settings } of active) {
    if (!rule.stack) continue;
    const { found, unjudged } = judgeStack(rule, subjects, settings);
    for (const one of found) findings.add(rule, one, one.subject?.resource ?? stack);
    if (!unjudged) continue;
    findings.addUnjudged(rule, unjudged, stack);
    judgeMissed([unjudged], stack, active, findings);
  }
}

/** What the rules about the other rules say to what those could not judge. */
function judgeMissed(missed: readonly Unjudged[], resource: Named, active: readonly ActiveRule[], findings: Findings): void {
  if (missed.length === 0) return;
  for (const { rule, settings } of active) for (const one of rule.unjudged?.(missed, settings) ?? []) findings.add(rule, one, resource);
}

/** Whether a stack must not be deployed: a mandatory rule is broken, or could not be judged where it has to be. */
export function blocked(report: Report): boolean {
  return report.findings.some(stops);
}

/** Whether a finding stops a deployment. */
export function stops({ verdict, enforcement }: Finding): boolean {
  return (verdict === "violation" || verdict === "not-evaluated") && enforcement === "mandatory";
}

/** The stack itself, for what is said about no one resource. */
function stackOf(resources: readonly Resource[]): Named {
  const type = "pulumi:pulumi:Stack";
  return { urn: resources.find((resource) => resource.type === type)?.urn ?? "stack", type };
}

/** How many findings there are of each kind. */
export function countsOf(findings: readonly Finding[], resources: number): Counts {
  const violations = (severity: Severity) => findings.filter((f) => f.verdict === "violation" && f.severity === severity).length;
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

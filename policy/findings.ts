/** What was found, with what it means under a configuration. */
import { type PolicyConfiguration, policyName, severitiesOf } from "./configuration.ts";
import { type Exception, exceptionFor, exceptionsIn } from "./exceptions.ts";
import type { Resource } from "./rules/read/subject.ts";
import { remediationOf } from "./rules/remedies.ts";
import type { Found, Rule, Unjudged } from "./rules/rule.ts";
import { isGrave } from "./rules/score.ts";
import type { Enforcement, Level, Severity } from "./rules/severity.ts";

export interface Finding {
  /** The rule's id. */
  readonly rule: string;
  readonly severity: Severity;
  /** URN. */
  readonly resource: string;
  readonly type: string;
  readonly message: string;
  /** What to do about it on the resource's platform. */
  readonly remediation: string;
  readonly enforcement: Enforcement;
  readonly verdict: "violation" | "recommendation" | "not-evaluated" | "excepted";
}

/** What a finding is about. */
export type Named = Pick<Resource, "urn" | "type">;

export class Findings {
  readonly all: Finding[] = [];
  readonly #policies: PolicyConfiguration;
  readonly #level: Level;
  readonly #now: Date;
  #isSecure = true;

  constructor(policies: PolicyConfiguration, level: Level, now: Date) {
    this.#policies = policies;
    this.#level = level;
    this.#now = now;
  }

  /** Nothing Critical and nothing High was found, and every rule that may find such was judged. */
  get isSecure(): boolean {
    return this.#isSecure;
  }

  add(rule: Rule, found: Found, resource: Named): void {
    const { message, severity = rule.severity, advice = false } = typeof found === "string" ? { message: found } : found;
    const enforcement = this.#policies.enforcement(rule, severity);
    if (enforcement === "disabled") return;
    const excepted = this.#exception(rule, severity, resource);
    this.#push(rule, resource, {
      severity,
      message: excepted ? `${message} Excepted until ${excepted.expires}: ${excepted.reason} (${excepted.owner}).` : message,
      enforcement: advice ? "advisory" : enforcement,
      verdict: excepted ? "excepted" : advice ? "recommendation" : "violation",
    });
    if (!excepted && !advice && isGrave(severity)) this.#isSecure = false;
  }

  #exception(rule: Rule, severity: Severity, { urn }: Named): Exception | undefined {
    return exceptionFor(exceptionsIn(this.#policies.settings(policyName(rule, severity))), urn, this.#now);
  }

  addUnjudged(rule: Rule, { why, detail, isHarmless }: Unjudged, resource: Named): void {
    const reason = why === "unknown" ? `${detail} is not known before the update` : `an input is not ${detail}`;
    const message = `Not evaluated: ${reason}.`;
    const grave = severitiesOf(rule).filter(
      (severity) =>
        !isHarmless &&
        isGrave(severity) &&
        this.#policies.enforcement(rule, severity) !== "disabled" &&
        this.#exception(rule, severity, resource) === undefined,
    );
    if (grave.length > 0) this.#isSecure = false;
    const stops = grave.length > 0 && this.#level === "production" && !this.#policies.allowsNotEvaluated;
    const enforcement = stops ? "mandatory" : "advisory";
    this.#push(rule, resource, { severity: rule.severity, message, enforcement, verdict: "not-evaluated" });
  }

  #push(rule: Rule, { urn, type }: Named, finding: Pick<Finding, "severity" | "message" | "enforcement" | "verdict">): void {
    const { severity, message, enforcement, verdict } = finding;
    this.all.push({
      rule: rule.id,
      severity,
      resource: urn,
      type,
      message,
      remediation: remediationOf(rule, type),
      enforcement,
      verdict,
    });
  }
}

/** What was found, with what it means under a configuration. */
import { type PolicyConfiguration, policyName } from "./configuration.ts";
import { exceptionFor, exceptionsIn } from "./exceptions.ts";
import type { Resource } from "./rules/read/subject.ts";
import type { Found, Rule, Unjudged } from "./rules/rule.ts";
import type { Enforcement, Severity } from "./rules/severity.ts";

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

/** What a finding is about. */
export type Named = Pick<Resource, "urn" | "type">;

export class Findings {
  readonly all: Finding[] = [];
  readonly #policies: PolicyConfiguration;
  readonly #now: Date;

  constructor(policies: PolicyConfiguration, now: Date) {
    this.#policies = policies;
    this.#now = now;
  }

  add(rule: Rule, found: Found, resource: Named): void {
    const { message, severity = rule.severity, advice = false } = typeof found === "string" ? { message: found } : found;
    const enforcement = this.#policies.enforcement(rule, severity);
    if (enforcement === "disabled") return;
    const exceptions = exceptionsIn(this.#policies.settings(policyName(rule, severity)));
    const excepted = exceptionFor(exceptions, resource.urn, this.#now);
    this.#push(rule, resource, {
      severity,
      message: excepted ? `${message} Excepted until ${excepted.expires}: ${excepted.reason} (${excepted.owner}).` : message,
      enforcement: advice ? "advisory" : enforcement,
      verdict: excepted ? "excepted" : advice ? "recommendation" : "violation",
    });
  }

  addUnjudged(rule: Rule, { why, detail }: Unjudged, resource: Named): void {
    const reason = why === "unknown" ? `${detail} is not known before the update` : `an input is not ${detail}`;
    const message = `Not evaluated: ${reason}.`;
    this.#push(rule, resource, { severity: rule.severity, message, enforcement: "advisory", verdict: "not-evaluated" });
  }

  #push(rule: Rule, { urn, type }: Named, finding: Pick<Finding, "severity" | "message" | "enforcement" | "verdict">): void {
    const { severity, message, enforcement, verdict } = finding;
    this.all.push({
      rule: rule.id,
      severity,
      resource: urn,
      type,
      message,
      remediation: rule.remediation,
      enforcement,
      verdict,
    });
  }
}

/** What a `--policy-pack-config` file says: enforcement, settings and exceptions by policy name. */

import { isRecord } from "./rules/read/value.ts";
import type { Rule, Settings } from "./rules/rule.ts";
import { type Enforcement, enforcementOf, type Level, type Severity } from "./rules/severity.ts";

/** By policy name, or `all`. */
export type PolicyConfig = Readonly<Record<string, unknown>>;

/**
 * The name under which a rule's findings of one severity are configured. An engine knows one enforcement for a policy, so
 * what a rule finds of another severity than its own is a policy beside it: `CTR-033`, `CTR-033-low`.
 */
export function policyName(rule: Rule, severity: Severity): string {
  return severity === rule.severity ? rule.id : `${rule.id}-${severity}`;
}

/** Every severity that a rule may find, its own first. */
export function severitiesOf(rule: Rule): readonly Severity[] {
  return [rule.severity, ...(rule.also ?? [])];
}

/** What applies where the file says nothing. */
export function defaultEnforcement(rule: Rule, severity: Severity, level: Level): Enforcement {
  return rule.enforcement && severity === rule.severity ? rule.enforcement[level] : enforcementOf(severity, level);
}

/** The enforcement that an entry asks for. */
export function enforcementIn(entry: unknown): Enforcement | undefined {
  const written = isRecord(entry) ? entry.enforcementLevel : entry;
  if (written === "remediate") return "mandatory";
  return written === "advisory" || written === "mandatory" || written === "disabled" ? written : undefined;
}

export interface PolicyConfiguration {
  enforcement(rule: Rule, severity: Severity): Enforcement;
  settings(name: string): Settings;
  /** At level production, what could not be evaluated stops nothing. */
  readonly allowsNotEvaluated: boolean;
}

export function policyConfiguration(config: PolicyConfig, level: Level): PolicyConfiguration {
  return {
    // No configuration turns off the rules about itself.
    enforcement: (rule: Rule, severity: Severity): Enforcement =>
      (rule.configuration ? undefined : (enforcementIn(config[policyName(rule, severity)]) ?? enforcementIn(config.all))) ??
      defaultEnforcement(rule, severity, level),
    settings: (name: string): Settings => {
      const entry = config[name];
      return isRecord(entry) ? entry : {};
    },
    allowsNotEvaluated: isRecord(config["GEN-002"]) && config["GEN-002"].allowNotEvaluated === true,
  };
}

/** The defaults of a rule's settings. */
export function defaultsOf(rule: Rule): Settings {
  return Object.fromEntries(Object.entries(rule.settings ?? {}).map(([key, setting]) => [key, setting.default]));
}

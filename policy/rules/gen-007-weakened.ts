import { enforcementIn, policyName, severitiesOf } from "../configuration.ts";
import type { Rule } from "./rule.ts";
import { enforcementOf } from "./severity.ts";

const isWeaker = (enforcement: string | undefined): boolean => enforcement === "disabled" || enforcement === "advisory";

export const weakenedRules: Rule = {
  id: "GEN-007",
  name: "weakened-rules",
  title: "The configuration weakens a rule that must hold",
  severity: "high",
  frameworks: [],
  remediation: "Leave it mandatory, and write an exception for the one resource that needs it.",
  reads: "enforcement in the pack's configuration",
  *configuration({ config, level, rules }) {
    if (isWeaker(enforcementIn(config.all))) yield "The configuration must not weaken all rules.";
    for (const rule of rules)
      for (const severity of severitiesOf(rule)) {
        const name = policyName(rule, severity);
        const mustHold =
          (severity === "critical" || severity === "high") && (rule.enforcement?.[level] ?? enforcementOf(severity, level)) === "mandatory";
        if (mustHold && isWeaker(enforcementIn(config[name]))) yield `The configuration must not weaken ${name}.`;
      }
  },
};

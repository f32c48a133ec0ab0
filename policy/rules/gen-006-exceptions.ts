import { policyName, severitiesOf } from "../configuration.ts";
import { exceptionsIn, faults } from "../exceptions.ts";
import type { Rule } from "./rule.ts";

export const exceptions: Rule = {
  id: "GEN-006",
  name: "exceptions",
  title: "An exception has no reason, no owner or no day on which it ends",
  severity: "medium",
  frameworks: [],
  remediation: "Give each exception a rule, a resource, a reason, an owner and a day; renew it or remove it.",
  reads: "exceptions in the pack's configuration",
  *configuration({ config, now, rules }) {
    const names = new Set(rules.flatMap((rule) => severitiesOf(rule).map((severity) => policyName(rule, severity))));
    for (const [name, entry] of Object.entries(config))
      for (const [at, exception] of exceptionsIn(entry).entries()) {
        if (!names.has(name)) yield `The exception ${name}[${at}] must be for a rule that exists.`;
        for (const fault of faults(exception, now)) yield `The exception ${name}[${at}] ${fault}.`;
      }
  },
};

import type { Rule } from "./rule.ts";

export const readableInputs: Rule = {
  id: "GEN-003",
  name: "readable-inputs",
  title: "An input cannot be read",
  severity: "high",
  frameworks: [],
  remediation: "Write the input as its platform documents it; container definitions and policy documents are valid JSON.",
  reads: "what every other rule reads",
  *unjudged(missed) {
    const byShape = new Map<string, string[]>();
    for (const { rule, why, detail } of missed) if (why === "malformed") byShape.set(detail, [...(byShape.get(detail) ?? []), rule]);
    for (const [expected, rules] of byShape) yield `The inputs must be readable: one is not ${expected} (met by ${rules.join(", ")}).`;
  },
};

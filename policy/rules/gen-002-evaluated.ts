import type { Rule } from "./rule.ts";

export const everythingEvaluated: Rule = {
  id: "GEN-002",
  name: "everything-evaluated",
  title: "A rule was not evaluated",
  severity: "high",
  frameworks: [],
  remediation: "Make the input a plain value: what a preview does not know is judged only when other resources exist already.",
  reads: "what every other rule reads",
  settings: {
    allowNotEvaluated: {
      type: "boolean",
      description:
        "At level production, let a stack pass in which a rule of High or above could not be evaluated. It is not secure all the same.",
      default: false,
    },
  },
  // A first preview always has unknown values, so a pipeline that wants none has to ask for it.
  enforcement: { local: "disabled", "single-node": "disabled", production: "disabled" },
  *unjudged(missed) {
    const rules = missed.filter(({ why }) => why === "unknown").map(({ rule }) => rule);
    if (rules.length > 0) yield `The inputs must be known before the update: ${rules.join(", ")} could not be evaluated.`;
  },
};

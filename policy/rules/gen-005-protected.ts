import type { Rule } from "./rule.ts";

export const protectedData: Rule = {
  id: "GEN-005",
  name: "protected-data",
  title: "Data can be destroyed with the stack",
  severity: "medium",
  frameworks: [],
  remediation: "Set protect, or retainOnDelete.",
  reads: "the options protect and retainOnDelete",
  enforcement: { local: "disabled", "single-node": "mandatory", production: "mandatory" },
  kinds: ["aws:efs:FileSystem", "aws:secretsmanager:Secret", "aws:kms:Key"],
  *resource({ resource, name }) {
    if (!resource.protect && !resource.retainOnDelete) yield `The resource "${name}" must be protected against deletion.`;
  },
};

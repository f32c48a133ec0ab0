import { fsbp, type Rule } from "./rule.ts";

export const longLivedKeys: Rule = {
  id: "IAM-004",
  name: "long-lived-keys",
  title: "There is a user, or a key that does not expire",
  severity: "high",
  frameworks: [fsbp("IAM.3")],
  remediation: "Use roles.",
  reads: "the resource's type",
  kinds: ["aws:iam:User", "aws:iam:AccessKey"],
  *resource({ kind, name }) {
    yield `The ${kind === "aws:iam:User" ? "user" : "access key"} "${name}" must be a role.`;
  },
};

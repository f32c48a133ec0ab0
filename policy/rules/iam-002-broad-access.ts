import { grantKinds, grants } from "./read/iam.ts";
import { allowsAction } from "./read/policy-document.ts";
import { fsbp, type Rule } from "./rule.ts";

/** Actions that hand out rights or secrets when they are not bound to a resource. */
const sensitive = [
  "iam:PassRole",
  "secretsmanager:GetSecretValue",
  "kms:Decrypt",
  "ssm:GetParameter",
  "ssm:GetParameters",
  "ssm:GetParametersByPath",
  "sts:AssumeRole",
];

export const broadAccess: Rule = {
  id: "IAM-002",
  name: "broad-access",
  title: "A role may do too much with everything",
  severity: "high",
  frameworks: [fsbp("IAM.21")],
  remediation: "Name the ARNs.",
  reads: "policy, inlinePolicies",
  kinds: grantKinds,
  *resource(subject) {
    for (const { allows, actions, resources } of grants(subject)) {
      if (!allows || !resources.includes("*")) continue;
      for (const action of actions) {
        if (action === "*" || action === "*:*") continue;
        if (action.endsWith(":*")) yield `The policy in "${subject.name}" must not allow ${action} on everything.`;
        else
          for (const one of sensitive)
            if (allowsAction(action, one)) yield `The policy in "${subject.name}" must name what ${one} is allowed on.`;
      }
    }
  },
};

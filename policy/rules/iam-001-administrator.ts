import { attachedPolicies, grantKinds, grants } from "./read/iam.ts";
import { fsbp, type Rule } from "./rule.ts";

export const administrator: Rule = {
  id: "IAM-001",
  name: "administrator",
  title: "A role may do everything",
  severity: "critical",
  frameworks: [fsbp("IAM.1")],
  remediation: "List the actions.",
  reads: "policy, inlinePolicies, managedPolicyArns, policyArn",
  kinds: grantKinds,
  *resource(subject) {
    for (const { allows, actions, resources } of grants(subject))
      if (allows && resources.includes("*") && actions.some((action) => action === "*" || action === "*:*"))
        yield `The policy in "${subject.name}" must list its actions.`;
    for (const arn of attachedPolicies(subject)) {
      const name = arn.split("/").at(-1) ?? "";
      if (/^(AdministratorAccess|PowerUserAccess|IAMFullAccess)$/.test(name))
        yield `The role or user in "${subject.name}" must not have ${name}.`;
    }
  },
};

import { statementsOf } from "./read/policy-document.ts";
import type { Props } from "./read/value.ts";
import { graded, type Rule } from "./rule.ts";

const hasSource = (condition: Props): boolean =>
  /aws:Source(Account|Arn|OrgID)/i.test(
    Object.values(condition)
      .flatMap((one) => Object.keys(one as Props))
      .join(),
  );

export const trust: Rule = {
  id: "IAM-003",
  name: "trust",
  title: "A role trusts everybody",
  severity: "critical",
  also: ["low"],
  frameworks: [],
  remediation: "Trust ecs-tasks.amazonaws.com alone, for your account.",
  reads: "assumeRolePolicy",
  kinds: ["aws:iam:Role"],
  *resource({ name, props }) {
    for (const { allows, principals, condition } of statementsOf(props.assumeRolePolicy ?? props.assumeRolePolicyDocument)) {
      if (!allows) continue;
      if (principals.some((principal) => principal === "*" || principal.endsWith(":iam::*:root")))
        yield `The role "${name}" must name whom it trusts.`;
      if (principals.some((principal) => principal.endsWith(".amazonaws.com")) && !hasSource(condition))
        yield graded("low", `The role "${name}" must trust a service only for your account (aws:SourceAccount).`);
    }
  },
};

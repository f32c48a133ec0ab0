import { namesCaller, testsIn } from "./read/conditions.ts";
import { isForEverybody, type Statement, statementsOf } from "./read/policy-document.ts";
import { graded, type Rule } from "./rule.ts";

/** Whether a statement asks a service for whom it acts. */
function hasSource({ condition }: Statement): boolean {
  for (const { key } of testsIn(condition)) if (/^aws:source(account|arn|orgid|orgpaths)$/.test(key)) return true;
  return false;
}

/** A machine asks for its role itself: there is no source to name. */
const isService = (id: string): boolean => /\.amazonaws\.com(\.cn)?$/.test(id) && !/^ec2\./.test(id);

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
    for (const statement of statementsOf(props.assumeRolePolicy ?? props.assumeRolePolicyDocument)) {
      if (!statement.allows) continue;
      if (isForEverybody(statement) && !namesCaller(statement.condition)) yield `The role "${name}" must name whom it trusts.`;
      if (statement.principals.some(({ id }) => isService(id)) && !hasSource(statement))
        yield graded("low", `The role "${name}" must trust a service only for your account (aws:SourceAccount).`);
    }
  },
};

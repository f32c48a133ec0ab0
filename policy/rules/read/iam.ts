import { type Statement, statementsOf } from "./policy-document.ts";
import type { Subject } from "./subject.ts";
import { records, text, texts } from "./value.ts";

/** Kinds that carry what a principal may do. */
export const grantKinds = [
  "aws:iam:Policy",
  "aws:iam:RolePolicy",
  "aws:iam:UserPolicy",
  "aws:iam:GroupPolicy",
  "aws:iam:Role",
  "aws:iam:ManagedPolicy",
  "aws:iam:RolePolicyAttachment",
  "aws:iam:UserPolicyAttachment",
  "aws:iam:GroupPolicyAttachment",
  "aws:iam:PolicyAttachment",
] as const;

/** Every statement in a resource that says what may be done. */
export function* grants(subject: Subject): Iterable<Statement> {
  const { props } = subject;
  yield* statementsOf(props.policy ?? props.policyDocument);
  for (const inline of records(props.inlinePolicies ?? props.policies)) yield* statementsOf(inline.policy ?? inline.policyDocument);
}

/** ARNs of managed policies that a resource attaches. */
export function* attachedPolicies(subject: Subject): Iterable<string> {
  const arn = text(subject.props.policyArn);
  if (arn) yield arn;
  yield* texts(subject.props.managedPolicyArns);
}

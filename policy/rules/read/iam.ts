import { testsIn } from "./conditions.ts";
import { once } from "./once.ts";
import { type Statement, statementsOf } from "./policy-document.ts";
import type { Subject } from "./subject.ts";
import { record, records, text, texts } from "./value.ts";

/** Kinds that carry what a principal may do. */
export const grantKinds = [
  "aws:iam:Policy",
  "aws:iam:RolePolicy",
  "aws:iam:UserPolicy",
  "aws:iam:GroupPolicy",
  "aws:iam:Role",
  "aws:iam:User",
  "aws:iam:Group",
  "aws:iam:ManagedPolicy",
  "aws:iam:RolePolicyAttachment",
  "aws:iam:UserPolicyAttachment",
  "aws:iam:GroupPolicyAttachment",
  "aws:iam:PolicyAttachment",
  "aws:iam:RolePolicyAttachmentsExclusive",
  "aws:iam:UserPolicyAttachmentsExclusive",
  "aws:iam:GroupPolicyAttachmentsExclusive",
  "aws:ssoadmin:ManagedPolicyAttachment",
  "aws:ssoadmin:ManagedPolicyAttachmentsExclusive",
  "aws:ssoadmin:CustomerManagedPolicyAttachment",
  "aws:ssoadmin:PermissionSetInlinePolicy",
  "aws:sso:PermissionSet",
] as const;

/** Every statement in a resource that says what may be done. */
export const grants = once(function* ({ props }: Subject): Iterable<Statement> {
  yield* statementsOf(props.policy ?? props.policyDocument);
  yield* statementsOf(props.inlinePolicy);
  for (const inline of records(props.inlinePolicies ?? props.policies)) yield* statementsOf(inline.policy ?? inline.policyDocument);
});

/** Names of managed policies that a resource attaches, the last part of their ARNs. */
export function* attachedPolicies({ props }: Subject): Iterable<string> {
  for (const arn of [props.policyArn, props.managedPolicyArn]) yield* nameIn(text(arn));
  for (const arns of [props.managedPolicyArns, props.policyArns, props.managedPolicies]) for (const arn of texts(arns)) yield* nameIn(arn);
  yield* nameIn(text(record(props.customerManagedPolicyReference).name));
}

function* nameIn(arn: string | undefined): Iterable<string> {
  const name = arn?.split("/").at(-1);
  if (name) yield name;
}

/** Keys that bind what a statement allows to resources by their tags, or to the service that uses them. */
const scoping = /(^|:)(resourcetag\/|resourcetag$|viaservice$|encryptioncontext)|^aws:calledvia|^ssm:resourcetag|^aws:resourceorgid/;

/** Whether a statement is for some resources alone, though its ARNs do not say so. */
export function isScoped({ condition }: Statement): boolean {
  for (const { key, operator, holdsWithout, values } of testsIn(condition))
    if (!holdsWithout && scoping.test(key) && !operator.includes("not") && values.every((value) => !/^\*+$/.test(value))) return true;
  return false;
}

import { namesCaller, testsIn } from "./read/conditions.ts";
import { allowsAction, isForEverybody, type Statement, statementsOf } from "./read/policy-document.ts";
import type { Rule } from "./rule.ts";

const clientActions = ["ClientMount", "ClientWrite", "ClientRootAccess"];

/** Whether a statement denies all that clients do without TLS, to everybody, and on nothing else but that. */
function deniesPlain(statement: Statement): boolean {
  const { allows, actions, resources, condition, excepts } = statement;
  const tests = [...testsIn(condition)];
  return (
    !allows &&
    !excepts &&
    isForEverybody(statement) &&
    clientActions.every((name) => actions.some((action) => allowsAction(action, `elasticfilesystem:${name}`))) &&
    resources.every((resource) => !resource.includes(":access-point/")) &&
    tests.length > 0 &&
    tests.every(
      ({ operator, key, values }) => operator === "bool" && key === "aws:securetransport" && values.some((value) => /^false$/i.test(value)),
    )
  );
}

/** Whether clients have to come through a mount target of this file system. */
function throughMountTarget({ condition }: Statement): boolean {
  for (const { operator, key, values, holdsWithout } of testsIn(condition))
    if (
      operator === "bool" &&
      key === "elasticfilesystem:accessedviamounttarget" &&
      !holdsWithout &&
      values.every((value) => /^true$/i.test(value))
    )
      return true;
  return false;
}

export const fileSystemPolicy: Rule = {
  id: "EFS-005",
  name: "file-system-policy",
  title: "A file system takes clients without TLS or without a name",
  severity: "medium",
  frameworks: [],
  remediation: "Deny every action to everybody where aws:SecureTransport is false, and allow roles by name.",
  reads: "policy, fileSystemPolicy",
  kinds: ["aws:efs:FileSystemPolicy", "aws:efs:FileSystem"],
  *resource({ kind, name, props }) {
    const document = kind === "aws:efs:FileSystem" ? props.fileSystemPolicy : props.policy;
    // A file system without a policy of its own has it in another resource, or none.
    if (kind === "aws:efs:FileSystem" && document === undefined) return;
    const statements = [...statementsOf(document)];
    if (!statements.some(deniesPlain)) yield `The file system policy "${name}" must deny clients without TLS.`;
    if (statements.some((one) => one.allows && isForEverybody(one) && !throughMountTarget(one) && !namesCaller(one.condition)))
      yield `The file system policy "${name}" must not allow everybody.`;
  },
};

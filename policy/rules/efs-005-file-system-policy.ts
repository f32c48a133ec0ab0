import { statementsOf } from "./read/policy-document.ts";
import { type Props, record, text } from "./read/value.ts";
import type { Rule } from "./rule.ts";

/** Whether a condition is met by clients without TLS. */
const onPlain = (condition: Props): boolean =>
  Object.keys(condition).some((operator) => text(record(condition[operator])["aws:SecureTransport"])?.toLowerCase() === "false");

/** Whether a condition asks clients to come through a mount target of this file system. */
const throughMountTarget = (condition: Props): boolean =>
  Object.keys(condition).some((operator) => record(condition[operator])["elasticfilesystem:AccessedViaMountTarget"] !== undefined);

export const fileSystemPolicy: Rule = {
  id: "EFS-005",
  name: "file-system-policy",
  title: "A file system takes clients without TLS or without a name",
  severity: "medium",
  frameworks: [],
  remediation: "Deny where aws:SecureTransport is false, and allow roles by name.",
  reads: "policy",
  kinds: ["aws:efs:FileSystemPolicy"],
  *resource({ name, props }) {
    const statements = [...statementsOf(props.policy)];
    if (!statements.some(({ allows, condition }) => !allows && onPlain(condition)))
      yield `The file system policy "${name}" must deny clients without TLS.`;
    if (statements.some(({ allows, principals, condition }) => allows && principals.includes("*") && !throughMountTarget(condition)))
      yield `The file system policy "${name}" must not allow everybody.`;
  },
};

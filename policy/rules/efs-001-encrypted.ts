import { flag } from "./read/value.ts";
import { fsbp, type Rule } from "./rule.ts";

export const efsEncrypted: Rule = {
  id: "EFS-001",
  name: "efs-encrypted",
  title: "A file system is not encrypted",
  severity: "high",
  frameworks: [fsbp("EFS.1"), fsbp("EFS.8")],
  remediation: "Set encrypted to true. An existing file system is replaced by it: move the data first.",
  reads: "encrypted",
  kinds: ["aws:efs:FileSystem"],
  *resource({ name, props }) {
    if (flag(props.encrypted) !== true) yield `The file system "${name}" must be encrypted.`;
  },
};

import { isRecord, number, record } from "./read/value.ts";
import { fsbp, graded, type Rule } from "./rule.ts";

export const accessPointUser: Rule = {
  id: "EFS-003",
  name: "access-point-user",
  title: "An access point has no identity, or root's",
  severity: "high",
  also: ["medium"],
  frameworks: [fsbp("EFS.4")],
  remediation: "Set posixUser to the session's uid and gid.",
  reads: "posixUser",
  kinds: ["aws:efs:AccessPoint"],
  *resource({ name, props }) {
    if (!isRecord(props.posixUser)) yield graded("medium", `The access point "${name}" must have an identity.`);
    else if (number(record(props.posixUser).uid) === 0 || number(record(props.posixUser).gid) === 0)
      yield `The access point "${name}" must not have root's identity.`;
  },
};

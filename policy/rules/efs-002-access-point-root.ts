import { normalPath } from "./read/paths.ts";
import { record, text } from "./read/value.ts";
import { fsbp, type Rule } from "./rule.ts";

export const accessPointRoot: Rule = {
  id: "EFS-002",
  name: "access-point-root",
  title: "An access point shows the whole file system",
  severity: "medium",
  frameworks: [fsbp("EFS.3")],
  remediation: "Set rootDirectory.path to the session's folder.",
  reads: "rootDirectory.path",
  kinds: ["aws:efs:AccessPoint"],
  *resource({ name, props }) {
    if (normalPath(text(record(props.rootDirectory).path) ?? "/") === "/")
      yield `The access point "${name}" must show one folder and not the root.`;
  },
};

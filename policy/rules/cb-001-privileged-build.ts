import { flag, record } from "./read/value.ts";
import { fsbp, type Rule } from "./rule.ts";

export const privilegedBuild: Rule = {
  id: "CB-001",
  name: "privileged-build",
  title: "A build runs privileged",
  severity: "high",
  frameworks: [fsbp("CodeBuild.5")],
  remediation: "Set environment.privilegedMode to false; images are built without it by rootless BuildKit or by CodeBuild's Docker server.",
  reads: "environment.privilegedMode",
  kinds: ["aws:codebuild:Project"],
  *resource({ name, props }) {
    if (flag(record(props.environment).privilegedMode) === true) yield `The build project "${name}" must not run privileged.`;
  },
};

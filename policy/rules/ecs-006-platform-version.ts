import { text } from "./read/value.ts";
import { fsbp, type Rule } from "./rule.ts";

export const platformVersion: Rule = {
  id: "ECS-006",
  name: "platform-version",
  title: "An old platform version is pinned",
  severity: "low",
  frameworks: [fsbp("ECS.10")],
  remediation: "Use LATEST.",
  reads: "platformVersion",
  automatic: true,
  kinds: ["aws:ecs:Service", "aws:ecs:TaskSet", "aws:ecs:Run"],
  *resource({ name, props }) {
    if (!/^(LATEST|1\.4\.0)$/i.test(text(props.platformVersion) ?? "LATEST"))
      yield `The service "${name}" must run on the latest platform version.`;
  },
};

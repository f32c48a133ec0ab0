import { flag, record, text } from "./read/value.ts";
import { fsbp, type Rule } from "./rule.ts";

export const publicIp: Rule = {
  id: "ECS-002",
  name: "public-ip",
  title: "Tasks have public addresses",
  severity: "high",
  frameworks: [fsbp("ECS.2"), fsbp("ECS.16")],
  remediation: "Set assignPublicIp to false.",
  reads: "networkConfiguration.assignPublicIp",
  automatic: true,
  kinds: ["aws:ecs:Service", "aws:ecs:TaskSet", "aws:ecs:Run", "aws:batch:Task"],
  *resource({ kind, name, props }) {
    const network = record(props.networkConfiguration);
    // aws-native nests it, and says ENABLED.
    const assign = network.assignPublicIp ?? record(network.awsvpcConfiguration).assignPublicIp;
    const isOn = typeof assign === "string" && /abled$/i.test(assign) ? text(assign)?.toUpperCase() === "ENABLED" : flag(assign) === true;
    if (isOn)
      yield `The ${kind.endsWith(":Service") || kind.endsWith(":TaskSet") ? "service" : "task of"} "${name}" must not give its tasks public addresses.`;
  },
};

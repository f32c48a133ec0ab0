import { records, text } from "./read/value.ts";
import { fsbp, type Rule } from "./rule.ts";

export const containerInsights: Rule = {
  id: "ECS-007",
  name: "container-insights",
  title: "Container Insights is off",
  severity: "low",
  frameworks: [fsbp("ECS.12")],
  remediation: "Turn it on.",
  reads: "settings, clusterSettings",
  automatic: true,
  kinds: ["aws:ecs:Cluster"],
  *resource({ name, props }) {
    for (const setting of records(props.settings ?? props.clusterSettings))
      if (text(setting.name) === "containerInsights" && /^(enabled|enhanced)$/.test(text(setting.value) ?? "")) return;
    yield `The cluster "${name}" must have Container Insights on.`;
  },
};

import { text } from "./read/value.ts";
import { onExternal, onFargate } from "./read/workload.ts";
import { fsbp, type Rule } from "./rule.ts";

export const taskNetwork: Rule = {
  id: "ECS-005",
  name: "task-network",
  title: "Tasks have no network interface of their own",
  severity: "medium",
  frameworks: [fsbp("ECS.17")],
  remediation: "Set networkMode to awsvpc.",
  reads: "networkMode, requiresCompatibilities",
  platforms: ["ecs"],
  *workload(workload) {
    const mode = text(workload.spec.networkMode)?.toLowerCase();
    // The host's network is CTR-008's.
    if (mode === "host" || mode === "none" || mode === "awsvpc" || onExternal(workload)) return;
    yield `The ${workload.title} must have the network mode awsvpc${onFargate(workload) ? ", which Fargate needs" : ""}.`;
  },
};

import { isRecord, record, text } from "./read/value.ts";
import { neverStarts } from "./read/workload.ts";
import { cis, fsbp, graded, type Rule } from "./rule.ts";

export const logs: Rule = {
  id: "CTR-035",
  name: "logs",
  title: "Logs are absent or grow without end",
  severity: "medium",
  also: ["low"],
  frameworks: [cis("2.13"), fsbp("ECS.9")],
  remediation:
    "Use json-file with max-size and max-file, or local or journald, which rotate by themselves, or awslogs with mode non-blocking.",
  reads: "logDriver, logOpts, taskSpec.logDriver, logConfiguration",
  automatic: true,
  platforms: ["docker", "swarm", "ecs"],
  *container(container) {
    const { platform, spec, title, workload } = container;
    if (neverStarts(container)) return;
    if (platform === "ecs") {
      if (!isRecord(spec.logConfiguration)) {
        yield `The ${title} must have a log configuration.`;
        return;
      }
      const { logDriver, options } = record(spec.logConfiguration);
      if (text(logDriver) === "awslogs" && text(record(options).mode) !== "non-blocking")
        yield graded("low", `The ${title} must write its logs without blocking (mode: non-blocking).`);
      return;
    }
    const service = record(record(workload.spec.taskSpec).logDriver);
    const driver = text(platform === "docker" ? spec.logDriver : service.name) ?? "json-file";
    const options = record(platform === "docker" ? spec.logOpts : service.options);
    if (driver === "none") yield `The ${title} must keep its logs.`;
    if (driver === "json-file" && !(text(options["max-size"]) && text(options["max-file"])))
      yield `The ${title} must rotate its logs by max-size and max-file.`;
  },
};

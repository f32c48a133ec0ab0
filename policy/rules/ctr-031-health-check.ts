import { isRecord } from "./read/value.ts";
import { runsOnce } from "./read/workload.ts";
import { cis, type Rule } from "./rule.ts";

export const healthCheck: Rule = {
  id: "CTR-031",
  name: "health-check",
  title: "There is no health check",
  severity: "medium",
  frameworks: [cis("4.6"), cis("5.27")],
  remediation: "Add a health check that asks the program itself.",
  reads: "healthcheck, livenessProbe, readinessProbe, healthCheck",
  *container(container) {
    const { platform, spec, title } = container;
    if (runsOnce(container) || container.workload.extent === "part") return;
    if (platform === "kubernetes") {
      for (const probe of ["livenessProbe", "readinessProbe"]) if (!isRecord(spec[probe])) yield `The ${title} must have a ${probe}.`;
    } else if (!isRecord(platform === "ecs" ? spec.healthCheck : spec.healthcheck)) yield `The ${title} must have a health check.`;
  },
};

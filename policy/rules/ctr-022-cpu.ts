import { isQuantity } from "./ctr-021-memory.ts";
import { allLimited } from "./read/admission.ts";
import { number, record } from "./read/value.ts";
import { type Container, neverStarts } from "./read/workload.ts";
import { cis, owasp, type Rule } from "./rule.ts";

function isBounded({ platform, spec, workload }: Container): boolean {
  if (platform === "docker") return isQuantity(spec.cpus) || (number(spec.cpuQuota) ?? 0) > 0;
  if (platform === "swarm") return (number(record(record(record(workload.spec.taskSpec).resources).limits).nanoCpus) ?? 0) > 0;
  if (platform === "kubernetes") return isQuantity(record(record(spec.resources).limits).cpu);
  return isQuantity(workload.spec.cpu) || isQuantity(spec.cpu);
}

export const cpu: Rule = {
  id: "CTR-022",
  name: "cpu",
  title: "CPU is unbounded",
  severity: "low",
  frameworks: [cis("5.12"), owasp("7")],
  remediation: "Set cpus (Kubernetes: limits.cpu).",
  reads: "cpus, cpuQuota, resources.limits.nanoCpus, resources.limits.cpu, cpu",
  admission: { expression: allLimited("cpu"), message: "Every container of the pod must have a CPU limit." },
  *container(container) {
    if (neverStarts(container) || container.role === "ephemeral") return;
    if (!isBounded(container)) yield `The ${container.title} must have a CPU limit.`;
  },
};

import { allLimited } from "./read/admission.ts";
import { number, record } from "./read/value.ts";
import { type Container, neverStarts } from "./read/workload.ts";
import { cis, fsbp, graded, owasp, type Rule } from "./rule.ts";

function isBounded({ platform, spec, workload }: Container): boolean {
  if (platform === "docker") return (number(spec.memory) ?? 0) > 0;
  if (platform === "swarm") return (number(record(record(record(workload.spec.taskSpec).resources).limits).memoryBytes) ?? 0) > 0;
  if (platform === "kubernetes") return isQuantity(record(record(spec.resources).limits).memory);
  return (number(workload.spec.memory) ?? number(spec.memory) ?? 0) > 0;
}

/** A quantity such as `4Gi`; zero bounds nothing. */
export function isQuantity(value: unknown): boolean {
  return value !== undefined && value !== null && Number.parseFloat(String(value)) > 0;
}

export const memory: Rule = {
  id: "CTR-021",
  name: "memory",
  title: "Memory is unbounded",
  severity: "medium",
  also: ["low"],
  frameworks: [cis("5.11"), owasp("7"), fsbp("ECS.1")],
  remediation: "Set memory, and an equal memorySwap: without it the engine allows as much swap again.",
  reads: "memory, memorySwap, resources.limits.memoryBytes, resources.limits.memory",
  admission: { expression: allLimited("memory"), message: "Every container of the pod must have a memory limit." },
  *container(container) {
    const { platform, spec, title, role } = container;
    if (neverStarts(container) || role === "ephemeral") return;
    if (!isBounded(container)) yield `The ${title} must have a memory limit.`;
    if (platform !== "docker") return;
    const swap = number(spec.memorySwap) ?? 0;
    if (swap < 0) yield `The ${title} must not have unlimited swap.`;
    else if (swap === 0 && isBounded(container)) yield graded("low", `The ${title} must set memorySwap, equal to memory.`);
  },
};

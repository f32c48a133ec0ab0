import { text, texts } from "./read/value.ts";
import { neverStarts, onFargate } from "./read/workload.ts";
import { advice, type Rule } from "./rule.ts";

export const hardenedRuntime: Rule = {
  id: "CTR-043",
  name: "hardened-runtime",
  title: "The runtime shares the host's kernel",
  severity: "high",
  also: ["low"],
  frameworks: [],
  remediation: "Use runsc (gVisor) or Kata.",
  reads: "runtime, taskSpec.runtime, runtimeClassName",
  settings: {
    requireHardenedRuntime: { type: "boolean", description: "Demand it, and not only recommend it.", default: false },
    runtimeClasses: {
      type: "array",
      items: { type: "string" },
      description: "Runtimes and runtime classes that count.",
      default: ["runsc", "gvisor", "kata", "kata-runtime", "kata-qemu", "kata-clh", "kata-fc"],
    },
  },
  *workload(workload, settings) {
    const { platform, spec, title, extent } = workload;
    if (extent !== "pod" && spec.runtimeClassName === undefined) return;
    // A Fargate task has a virtual machine to itself.
    if (onFargate(workload) || neverStarts(workload)) return;
    const runtime = text(platform === "kubernetes" ? spec.runtimeClassName : platform === "docker" ? spec.runtime : undefined);
    if (runtime !== undefined && [...texts(settings.runtimeClasses)].includes(runtime)) return;
    const message = `The ${title} must run on a runtime that does not share the host's kernel.`;
    yield settings.requireHardenedRuntime === true ? message : advice(message);
  },
};

import { list, text } from "./read/value.ts";
import { containersOf, neverStarts } from "./read/workload.ts";
import { cis, owasp, type Rule } from "./rule.ts";

export const defaultBridge: Rule = {
  id: "CTR-038",
  name: "default-bridge",
  title: "Container is on the engine's default bridge",
  severity: "medium",
  frameworks: [cis("5.30"), owasp("5")],
  remediation: "Use a network of its own, or none.",
  reads: "networkMode, networksAdvanced",
  platforms: ["docker"],
  *workload(workload) {
    const { spec, title } = workload;
    for (const container of containersOf(workload)) if (neverStarts(container)) return;
    for (const _ of list(spec.networksAdvanced)) return;
    if (/^(|bridge|default)$/.test(text(spec.networkMode)?.toLowerCase() ?? "")) yield `The ${title} must not use the default bridge.`;
  },
};

import { joinedNetworks } from "./read/network.ts";
import { text } from "./read/value.ts";
import { containersOf, neverStarts } from "./read/workload.ts";
import { cis, owasp, type Rule } from "./rule.ts";

export const defaultBridge: Rule = {
  id: "CTR-038",
  name: "default-bridge",
  title: "Container is on the engine's default bridge",
  severity: "medium",
  frameworks: [cis("5.30"), owasp("5")],
  remediation: "Use a network of its own, or none.",
  reads: "networkMode, networksAdvanced, networksAdvanceds",
  platforms: ["docker", "swarm"],
  *workload(workload) {
    const { platform, spec, title } = workload;
    for (const container of containersOf(workload)) if (neverStarts(container)) return;
    const joined = [...joinedNetworks(workload)];
    const mode = text(spec.networkMode)?.toLowerCase() ?? "";
    // The engine's own bridges go by their names wherever a network is named.
    const isDefault =
      joined.length === 0
        ? platform === "docker" && /^(|bridge|default)$/.test(mode)
        : joined.some((name) => /^(bridge|docker_gwbridge)$/.test(name));
    if (isDefault) yield `The ${title} must not use the default bridge.`;
  },
};

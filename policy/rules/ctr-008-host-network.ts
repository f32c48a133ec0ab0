import { joinedNetworks } from "./read/network.ts";
import { flag, text } from "./read/value.ts";
import type { Workload } from "./read/workload.ts";
import { advice, cis, fsbp, pss, type Rule } from "./rule.ts";

/** The engine's own network of this name is the host's, also where a container joins it as it joins others. */
function usesHost(workload: Workload): boolean {
  const { platform, spec } = workload;
  if (platform === "kubernetes") return flag(spec.hostNetwork) === true;
  if (text(spec.networkMode)?.toLowerCase() === "host") return true;
  for (const name of joinedNetworks(workload)) if (name === "host") return true;
  return false;
}

export const hostNetwork: Rule = {
  id: "CTR-008",
  name: "host-network",
  title: "Container uses the host's network",
  severity: "high",
  also: ["low"],
  frameworks: [cis("5.10"), pss("baseline"), fsbp("ECS.17")],
  remediation: "Use a network of its own.",
  reads: "networkMode, networksAdvanced, networksAdvanceds, hostNetwork",
  settings: {
    allowHostNetwork: {
      type: "boolean",
      description: "The host's network was asked for: say so, and do not stop. For a developer's own machine only.",
      default: false,
    },
  },
  *workload(workload, settings) {
    const { title } = workload;
    if (!usesHost(workload)) return;
    const message = `The ${title} must not use the host's network.`;
    yield settings.allowHostNetwork === true ? advice(message) : message;
  },
};

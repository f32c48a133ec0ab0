import { flag, text } from "./read/value.ts";
import { advice, cis, fsbp, pss, type Rule } from "./rule.ts";

export const hostNetwork: Rule = {
  id: "CTR-008",
  name: "host-network",
  title: "Container uses the host's network",
  severity: "high",
  also: ["low"],
  frameworks: [cis("5.10"), pss("baseline"), fsbp("ECS.17")],
  remediation: "Use a network of its own.",
  reads: "networkMode, hostNetwork",
  settings: {
    allowHostNetwork: {
      type: "boolean",
      description: "The host's network was asked for: say so, and do not stop. For a developer's own machine only.",
      default: false,
    },
  },
  *workload({ platform, spec, title }, settings) {
    const usesHost = platform === "kubernetes" ? flag(spec.hostNetwork) === true : text(spec.networkMode)?.toLowerCase() === "host";
    if (!usesHost) return;
    const message = `The ${title} must not use the host's network.`;
    yield settings.allowHostNetwork === true ? advice(message) : message;
  },
};

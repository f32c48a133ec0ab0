import { hidesHost, isBridge, isInternal } from "./read/network.ts";
import { isForSessions } from "./read/session.ts";
import type { Rule } from "./rule.ts";

export const hostServices: Rule = {
  id: "NET-000",
  name: "host-services",
  title: "Services of the host can be reached from a sealed network",
  severity: "high",
  frameworks: [],
  remediation: "Set the option com.docker.network.bridge.inhibit_ipv4 to true: an internal bridge still has the host's address on it.",
  reads: "internal, options",
  automatic: true,
  kinds: ["docker:Network"],
  *resource(network) {
    if (!isForSessions(network) || !isBridge(network) || !isInternal(network)) return;
    if (!hidesHost(network)) yield `The network "${network.name}" must keep the host's address off its bridge.`;
  },
};

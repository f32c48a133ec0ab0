import { option } from "./read/network.ts";
import type { Rule } from "./rule.ts";

export const gatewayMode: Rule = {
  id: "NET-004",
  name: "gateway-mode",
  title: "The gateway opens all ports",
  severity: "high",
  frameworks: [],
  remediation: "Remove the option.",
  reads: "options",
  automatic: true,
  kinds: ["docker:Network"],
  *resource(network) {
    for (const family of ["ipv4", "ipv6"])
      if (/^(nat-unprotected|routed)$/.test(option(network, `com.docker.network.bridge.gateway_mode_${family}`) ?? ""))
        yield `The network "${network.name}" must not open its members' ports by its gateway mode (${family}).`;
  },
};

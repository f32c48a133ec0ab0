import { hidesHost, isBridge, isInternal, isShared, option } from "./read/network.ts";
import { isOurs } from "./read/session.ts";
import { advice, cis, nist, owasp, type Rule } from "./rule.ts";

export const membersTalk: Rule = {
  id: "NET-001",
  name: "members-talk",
  title: "Containers on the bridge can talk to each other",
  severity: "high",
  also: ["low"],
  frameworks: [cis("2.2"), nist("4.3.3"), owasp("5")],
  remediation:
    'Set the option com.docker.network.bridge.enable_icc to "false"; a network that one session shares with its proxy is internal, hides the host and says so in its labels.',
  reads: "driver, options, internal, labels",
  automatic: true,
  kinds: ["docker:Network"],
  *resource(network) {
    if (!isBridge(network) || option(network, "com.docker.network.bridge.enable_icc") === "false") return;
    if (isInternal(network) && hidesHost(network) && isShared(network)) return;
    const message = `The network "${network.name}" must not let its members talk to each other.`;
    // Members of other networks were put there to talk: an app and its database.
    yield isOurs(network) ? message : advice(message);
  },
};

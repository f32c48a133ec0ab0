import { isInternal } from "./read/network.ts";
import { isForSessions, labelOf, sharedByGroup, sharedWithProxy } from "./read/session.ts";
import { graded, nist, type Rule } from "./rule.ts";

export const openEgress: Rule = {
  id: "NET-002",
  name: "open-egress",
  title: "A session can reach any host",
  severity: "medium",
  also: ["high"],
  frameworks: [nist("4.4.2")],
  remediation: "Use an internal network, and a proxy that alone is in it and outside.",
  reads: "internal, labels",
  kinds: ["docker:Network"],
  *resource(network) {
    if (!isForSessions(network) || isInternal(network)) return;
    const purpose = labelOf(network, "purpose");
    const message = `The network "${network.name}" must be internal: its ${purpose === sharedByGroup ? "sessions" : "session"} can reach any host.`;
    yield purpose === sharedWithProxy || purpose === sharedByGroup ? graded("high", message) : message;
  },
};

import { isInternal } from "./read/network.ts";
import { labelOf, sessionOf, sharedWithProxy } from "./read/session.ts";
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
    if (sessionOf(network) === undefined || isInternal(network)) return;
    const message = `The network "${network.name}" must be internal: its session can reach any host.`;
    yield labelOf(network, "purpose") === sharedWithProxy ? graded("high", message) : message;
  },
};

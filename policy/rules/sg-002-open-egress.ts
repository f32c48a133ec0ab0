import { coversWorld } from "./read/cidr.ts";
import { type Opening, openings, securityGroupKinds, together } from "./read/security-groups.ts";
import { advice, nist, type Rule } from "./rule.ts";

/** What AWS's own services, registries and most others are spoken to by. */
const isTlsOnly = ({ from, to, protocol }: Opening): boolean => from === 443 && to === 443 && protocol === "tcp";

export const groupEgress: Rule = {
  id: "SG-002",
  name: "group-egress",
  title: "Everything can be reached",
  severity: "high",
  also: ["low"],
  frameworks: [nist("4.4.2")],
  remediation: "Use prefix lists, endpoints, or a proxy. Saying nothing is fine: the provider removes what AWS adds.",
  reads: "egress",
  kinds: securityGroupKinds,
  *resource(group) {
    for (const opening of together([...openings(group, "egress")])) {
      if (!coversWorld(opening.blocks)) continue;
      const message = `The security group "${group.name}" must not reach every address on ports ${opening.from} to ${opening.to}.`;
      yield isTlsOnly(opening) ? advice(message) : message;
    }
  },
};

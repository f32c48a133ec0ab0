import { coversWorld } from "./read/cidr.ts";
import { openings, securityGroupKinds } from "./read/security-groups.ts";
import { nist, type Rule } from "./rule.ts";

export const groupEgress: Rule = {
  id: "SG-002",
  name: "group-egress",
  title: "Everything can be reached",
  severity: "high",
  frameworks: [nist("4.4.2")],
  remediation: "Use prefix lists, endpoints, or a proxy. Saying nothing is fine: the provider removes what AWS adds.",
  reads: "egress",
  kinds: securityGroupKinds,
  *resource(group) {
    for (const { from, to, blocks } of openings(group, "egress"))
      if (coversWorld(blocks)) yield `The security group "${group.name}" must not reach every address on ports ${from} to ${to}.`;
  },
};

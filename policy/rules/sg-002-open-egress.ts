import { coversWorld } from "./read/cidr.ts";
import { type Opening, openings, partsOfWorld, securityGroupKinds, together } from "./read/security-groups.ts";
import type { Subject } from "./read/subject.ts";
import { advice, type Judgement, nist, type Rule } from "./rule.ts";

/** What AWS's own services, registries and most others are spoken to by. */
const isTlsOnly = ({ from, to, protocol }: Opening): boolean => from === 443 && to === 443 && protocol === "tcp";

function found({ name }: Subject, opening: Opening): Judgement {
  const message = `The security group "${name}" must not reach every address on ports ${opening.from} to ${opening.to}.`;
  return isTlsOnly(opening) ? advice(message) : { message };
}

export const groupEgress: Rule = {
  id: "SG-002",
  name: "group-egress",
  title: "Everything can be reached",
  severity: "high",
  also: ["low"],
  frameworks: [nist("4.4.2")],
  remediation: "Use prefix lists, endpoints, or a proxy. Saying nothing is fine: the provider removes what AWS adds.",
  reads: "egress, and all rules of one group together",
  kinds: securityGroupKinds,
  *resource(group) {
    for (const opening of together([...openings(group, "egress")])) if (coversWorld(opening.blocks)) yield found(group, opening);
  },
  *stack(subjects) {
    for (const { rule, opening } of partsOfWorld(subjects, "egress")) yield { ...found(rule, opening), subject: rule };
  },
};

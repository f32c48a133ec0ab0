import { coversWorld } from "./read/cidr.ts";
import { type Opening, openings, partsOfWorld, securityGroupKinds, together } from "./read/security-groups.ts";
import type { Subject } from "./read/subject.ts";
import { about, fsbp, type Rule } from "./rule.ts";

/** What only a load balancer takes from everybody. */
const isPublicPort = ({ from, to, everyProtocol }: Opening): boolean => !everyProtocol && from === to && (from === 80 || from === 443);

const message = ({ name }: Subject, { from, to }: Opening): string =>
  `The security group "${name}" must not let everybody in on ports ${from} to ${to}.`;

export const groupIngress: Rule = {
  id: "SG-001",
  name: "group-ingress",
  title: "Everybody can come in",
  severity: "high",
  frameworks: [fsbp("EC2.18")],
  remediation: "Name who may come; only a load balancer takes 80 and 443 from everybody.",
  reads: "ingress, and all rules of one group together",
  kinds: securityGroupKinds,
  *resource(group) {
    for (const opening of together([...openings(group, "ingress")]))
      if (!isPublicPort(opening) && coversWorld(opening.blocks)) yield message(group, opening);
  },
  // The rules of a group may be resources by themselves, each with a part of the world.
  *stack(subjects) {
    for (const { rule, opening } of partsOfWorld(subjects, "ingress"))
      if (!isPublicPort(opening)) yield about(rule, message(rule, opening));
  },
};

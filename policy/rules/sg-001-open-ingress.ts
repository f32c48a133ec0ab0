import { coversWorld } from "./read/cidr.ts";
import { groupOf, isGroup, type Opening, openings, securityGroupKinds, together } from "./read/security-groups.ts";
import type { Subject } from "./read/subject.ts";
import { each } from "./read/value.ts";
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
    const groups = subjects.filter(({ kind }) => isGroup(kind));
    const byGroup = new Map<string, { rule: Subject; opening: Opening }[]>();
    yield* each(subjects, function* (rule) {
      if (isGroup(rule.kind) || !securityGroupKinds.some((kind) => kind === rule.kind)) return;
      for (const opening of openings(rule, "ingress")) {
        const owner = groupOf(rule, groups) ?? "";
        const parts = byGroup.get(owner) ?? [];
        parts.push({ rule, opening });
        byGroup.set(owner, parts);
      }
    });
    for (const parts of byGroup.values()) {
      const whole = together(parts.map(({ opening }) => opening));
      for (const [at, { rule, opening }] of parts.entries()) {
        const joined = whole[at];
        if (joined && !isPublicPort(joined) && !coversWorld(opening.blocks) && coversWorld(joined.blocks))
          yield about(rule, message(rule, opening));
      }
    }
  },
};

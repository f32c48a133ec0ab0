import { coversWorld, holdsMetadata } from "./read/cidr.ts";
import { openings, prefixes, securityGroupKinds } from "./read/security-groups.ts";
import type { Rule } from "./rule.ts";

export const groupMetadata: Rule = {
  id: "SG-006",
  name: "group-metadata",
  title: "A metadata service is let through by name",
  severity: "medium",
  frameworks: [],
  remediation: "Remove the address: whoever reaches it gets the credentials of the machine or the task.",
  reads: "ingress, egress, entries of a prefix list",
  kinds: [...securityGroupKinds, "aws:ec2:ManagedPrefixList", "aws:ec2:ManagedPrefixListEntry"],
  *resource(subject) {
    const blocks = (["ingress", "egress"] as const).flatMap((direction) =>
      [...openings(subject, direction)].flatMap((opening) => opening.blocks),
    );
    const listed = subject.kind.includes("PrefixList") ? [...prefixes(subject)] : [];
    // What covers the world is another rule's.
    if ([...blocks, ...listed].some((block) => holdsMetadata(block) && !coversWorld([block])))
      yield `The security group or list "${subject.name}" must not name a metadata service.`;
  },
};

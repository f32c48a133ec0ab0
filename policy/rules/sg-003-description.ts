import { isGroup, openings, securityGroupKinds } from "./read/security-groups.ts";
import { text } from "./read/value.ts";
import type { Rule } from "./rule.ts";

export const groupDescription: Rule = {
  id: "SG-003",
  name: "group-description",
  title: "A security group's rule does not say what it is for",
  severity: "low",
  frameworks: [],
  remediation: "Describe it.",
  reads: "description",
  kinds: securityGroupKinds,
  *resource(group) {
    const own = text(group.props.description ?? group.props.groupDescription) ?? "";
    // The default group is AWS's own, and so is its description.
    if (group.kind !== "aws:ec2:DefaultSecurityGroup" && (own === "" || own === "Managed by Pulumi"))
      yield `The security group "${group.name}" must have a description.`;
    if (!isGroup(group.kind)) return;
    for (const direction of ["ingress", "egress"] as const)
      for (const { description } of openings(group, direction))
        if (description === "") yield `The security group "${group.name}" must describe each ${direction} rule.`;
  },
};

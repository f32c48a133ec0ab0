import { openings } from "./read/security-groups.ts";
import { fsbp, type Rule } from "./rule.ts";

export const defaultGroup: Rule = {
  id: "SG-004",
  name: "default-group",
  title: "The default security group lets something through",
  severity: "high",
  frameworks: [fsbp("EC2.2")],
  remediation: "Leave ingress and egress of the default group empty: what names no group of its own gets this one.",
  reads: "ingress and egress of a DefaultSecurityGroup",
  kinds: ["aws:ec2:DefaultSecurityGroup"],
  *resource(group) {
    for (const direction of ["ingress", "egress"] as const)
      for (const _ of openings(group, direction)) {
        yield `The default security group "${group.name}" must have no ${direction} rules.`;
        break;
      }
  },
};

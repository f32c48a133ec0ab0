import { coversWorld } from "./read/cidr.ts";
import { openings, securityGroupKinds } from "./read/security-groups.ts";
import { fsbp, type Rule } from "./rule.ts";

export const groupIngress: Rule = {
  id: "SG-001",
  name: "group-ingress",
  title: "Everybody can come in",
  severity: "high",
  frameworks: [fsbp("EC2.18")],
  remediation: "Name who may come; only a load balancer takes 80 and 443 from everybody.",
  reads: "ingress",
  kinds: securityGroupKinds,
  *resource(group) {
    for (const { from, to, everyProtocol, blocks } of openings(group, "ingress")) {
      const isPublicPort = !everyProtocol && from === to && (from === 80 || from === 443);
      if (!isPublicPort && coversWorld(blocks))
        yield `The security group "${group.name}" must not let everybody in on ports ${from} to ${to}.`;
    }
  },
};

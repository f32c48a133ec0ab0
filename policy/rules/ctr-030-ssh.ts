import { publishedPorts } from "./read/ports.ts";
import { openings, securityGroupKinds } from "./read/security-groups.ts";
import { number, records } from "./read/value.ts";
import { cis, type Rule } from "./rule.ts";

const ssh = 22;

export const sshPort: Rule = {
  id: "CTR-030",
  name: "ssh",
  title: "SSH is exposed",
  severity: "medium",
  frameworks: [cis("5.7")],
  remediation: "Remove the SSH server and use the platform's own exec.",
  reads: "ports, containerPort, portMappings, a security group's ingress",
  kinds: securityGroupKinds,
  *workload(workload) {
    for (const { internal, external } of publishedPorts(workload))
      if (internal === ssh || external === ssh) yield `The ${workload.title} must not publish SSH.`;
  },
  *container({ platform, spec, title }) {
    const ports = platform === "kubernetes" ? spec.ports : platform === "ecs" ? spec.portMappings : undefined;
    for (const port of records(ports))
      if (number(port.containerPort) === ssh || number(port.hostPort) === ssh) yield `The ${title} must not offer SSH.`;
  },
  *resource(subject) {
    for (const { from, to, everyProtocol } of openings(subject, "ingress"))
      if (!everyProtocol && from <= ssh && ssh <= to) yield `The security group "${subject.name}" must not let SSH in.`;
  },
};

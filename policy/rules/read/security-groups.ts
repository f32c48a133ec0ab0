import type { Subject } from "./subject.ts";
import { number, type Props, records, text, texts } from "./value.ts";

export const securityGroupKinds = [
  "aws:ec2:SecurityGroup",
  "aws:ec2:SecurityGroupRule",
  "aws:vpc:SecurityGroupIngressRule",
  "aws:vpc:SecurityGroupEgressRule",
  "aws:ec2:SecurityGroupIngress",
  "aws:ec2:SecurityGroupEgress",
] as const;

export type Direction = "ingress" | "egress";

/** What one rule of a security group lets through. */
export interface Opening {
  readonly from: number;
  readonly to: number;
  readonly everyProtocol: boolean;
  readonly blocks: readonly string[];
  readonly description: string;
}

/** The openings of a security group, or of one rule that is a resource by itself. */
export function* openings(subject: Subject, direction: Direction): Iterable<Opening> {
  const { kind, props } = subject;
  if (kind === "aws:ec2:SecurityGroup")
    for (const rule of records(props[direction] ?? props[direction === "ingress" ? "securityGroupIngress" : "securityGroupEgress"]))
      yield opening(rule);
  else if (kind === "aws:ec2:SecurityGroupRule") {
    if (text(props.type) === direction) yield opening(props);
  } else if (kind.toLowerCase().includes(direction)) yield opening(props);
}

function opening(rule: Props): Opening {
  const protocol = (text(rule.protocol) ?? text(rule.ipProtocol) ?? "-1").toLowerCase();
  const everyProtocol = protocol === "-1" || protocol === "all";
  const blocks = [...texts(rule.cidrBlocks), ...texts(rule.ipv6CidrBlocks)];
  for (const one of [rule.cidrIpv4, rule.cidrIpv6, rule.cidrIp]) {
    const block = text(one);
    if (block) blocks.push(block);
  }
  return {
    from: everyProtocol ? 0 : (number(rule.fromPort) ?? 0),
    to: everyProtocol ? 65_535 : (number(rule.toPort) ?? 65_535),
    everyProtocol,
    blocks,
    description: text(rule.description) ?? "",
  };
}

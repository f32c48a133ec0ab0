import { isIPv4 } from "node:net";
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import { SecurityGroupEgressRule } from "@pulumi/aws/vpc/securityGroupEgressRule.js";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc/securityGroupIngressRule.js";
import type * as pulumi from "@pulumi/pulumi";
import type { Destination } from "../isolated-network/destinations.ts";
import { fargateOf } from "./provider.ts";
import { accountName, type Tags } from "./tags.ts";

/** The other end of a connection. */
export type Peer =
  | { readonly group: pulumi.Input<string> }
  | { readonly prefixList: pulumi.Input<string> }
  /** A CIDR block. */
  | { readonly block: string };

/** What a security group lets through, of TCP unless it is every port. */
export interface Opening {
  /** What it is for: letters, digits, blanks and `._-:/()#,@[]+=&;{}!$*`, which is what AWS takes. */
  readonly what: string;
  readonly peer: Peer;
  readonly port: number | "any";
}

/** What one security group is. Whatever it does not name is closed. */
export interface GroupArgs {
  /** What it is called, which nothing else of its stack is. */
  readonly called: string;
  /** What its members are; the same letters as in {@link Opening}. */
  readonly description: string;
  readonly vpc: pulumi.Input<string>;
  readonly tags: Tags;
  /** Who comes in, by a name of their own among them. @default nobody */
  readonly in?: Readonly<Record<string, Opening>>;
  /** Where its members go, by a name of its own among them. @default nowhere */
  readonly out?: Readonly<Record<string, Opening>>;
}

/** Everything that is not in the VPC, as it has addresses of IPv4 alone. */
export const world: Peer = { block: "0.0.0.0/0" };

/** Openings for what goes out of the VPC, on the ports of its destinations. Names are no matter of a security group's. */
export function outwards(what: string, destinations: readonly Destination[]): Record<string, Opening> {
  const all = destinations.flatMap(({ hosts, ports }) => {
    const addresses = hosts === "any" ? [] : hosts.filter((host) => isIPv4(host));
    const peers = hosts !== "any" && addresses.length === hosts.length ? addresses.map((host): Peer => ({ block: `${host}/32` })) : [world];
    return peers.flatMap((peer) => (ports === "any" ? (["any"] as const) : ports).map((port) => ({ what, peer, port })));
  });
  const open = all.some(({ port }) => port === "any") ? all.filter(({ port }) => port === "any") : all;
  const key = ({ peer, port }: Opening) => `${"block" in peer && peer !== world ? peer.block.replace("/32", "") : "hosts"}-${port}`;
  return Object.fromEntries(open.map((one) => [key(one), one]).sort());
}

/** A security group with nothing in it: what is let through are resources of their own, as two groups may name each other. */
export function securityGroup(name: string, { called, description, vpc, tags }: GroupArgs, parent: pulumi.Resource): SecurityGroup {
  const inputs = { name: accountName(fargateOf(parent), called), description, vpcId: vpc, tags: { ...tags } };
  return new SecurityGroup(`${name}-group`, inputs, { parent });
}

/** What a group lets through. */
export function openings(
  name: string,
  group: pulumi.Input<string>,
  { in: comesIn = {}, out = {}, tags }: Pick<GroupArgs, "in" | "out" | "tags">,
  parent: pulumi.Resource,
): pulumi.Resource[] {
  const inputs = (opening: Opening) => ({ securityGroupId: group, ...toRule(opening), tags: { ...tags } });
  return [
    ...Object.entries(comesIn).map(([key, one]) => new SecurityGroupIngressRule(`${name}-from-${key}`, inputs(one), { parent })),
    ...Object.entries(out).map(([key, one]) => new SecurityGroupEgressRule(`${name}-to-${key}`, inputs(one), { parent })),
  ];
}

/** A group, and what it lets through. */
export function openGroup(name: string, args: GroupArgs, parent: pulumi.Resource) {
  const group = securityGroup(name, args, parent);
  return { group, resources: [group, ...openings(name, group.id, args, parent)] };
}

/** An opening as a rule has it. Of every protocol AWS keeps no ports. */
export function toRule({ what, peer, port }: Opening) {
  const ports = port === "any" ? { ipProtocol: "-1" } : { ipProtocol: "tcp", fromPort: port, toPort: port };
  const other =
    "group" in peer
      ? { referencedSecurityGroupId: peer.group }
      : "prefixList" in peer
        ? { prefixListId: peer.prefixList }
        : { cidrIpv4: peer.block };
  return { description: what, ...ports, ...other };
}

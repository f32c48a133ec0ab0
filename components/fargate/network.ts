import { getRouteTableOutput } from "@pulumi/aws/ec2/getRouteTable.js";
import { PrivateDnsNamespace } from "@pulumi/aws/servicediscovery/privateDnsNamespace.js";
import * as pulumi from "@pulumi/pulumi";
import { DnsFirewall } from "./dns-firewall.ts";
import { endpointNames, givenEndpoints, makeEndpoints } from "./endpoints.ts";
import type { PrivateNetwork, Reach } from "./private-network.ts";
import { fargateOf } from "./provider.ts";
import { makeGroups } from "./session-groups.ts";
import { domainOf, sharedTags } from "./tags.ts";
import { SessionsVpc } from "./vpc.ts";

/** A VPC that is there. */
export interface GivenVpc {
  readonly id: string;
  /** In which sessions run: no route leads out of the VPC. */
  readonly subnets: readonly string[];
  /** In which what serves them runs: a route leads out by way of a NAT gateway. */
  readonly proxySubnets: readonly string[];
  /** The security group of endpoints that are there. @default they are made */
  readonly endpoints?: string;
}

export interface SessionsNetworkArgs {
  /** One that is there, or how one is made. */
  readonly vpc: GivenVpc | { readonly cidr: string; readonly zones: number };
  /** How far sessions get. */
  readonly reaches: readonly Reach[];
  /** Whether what serves sessions goes out: a proxy, or what clones. @default false */
  readonly outward?: boolean;
  /** Names that are looked up beside AWS's own: whole ones, or `*.` and a suffix. With `any` every name is answered. */
  readonly names: readonly string[] | "any";
  /** Whether other names are answered nobody in the VPC. */
  readonly dnsFirewall: boolean;
}

/** Where sessions of a stack run. Nothing comes in from outside, and security groups let through what is named here alone. */
export class SessionsNetwork extends pulumi.ComponentResource implements PrivateNetwork {
  readonly vpc: pulumi.Input<string>;
  readonly subnets: PrivateNetwork["subnets"];
  readonly outerSubnets: PrivateNetwork["outerSubnets"];
  readonly groups: PrivateNetwork["groups"];
  readonly names?: NonNullable<PrivateNetwork["names"]>;
  readonly resources: readonly pulumi.Resource[];

  constructor(name: string, args: SessionsNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:ecs:SessionsNetwork", name, {}, opts);
    const parent = { parent: this };
    const place = fargateOf(this);
    const outward = args.outward === true || args.reaches.some((reach) => reach !== "nothing");
    const vpc = "id" in args.vpc ? givenVpc(args.vpc, outward, this) : new SessionsVpc(name, { ...args.vpc, outward }, parent);
    this.vpc = vpc.id;
    this.subnets = vpc.subnets;
    this.outerSubnets = vpc.outerSubnets;
    const endpoints =
      "id" in args.vpc && args.vpc.endpoints !== undefined
        ? givenEndpoints(args.vpc.endpoints, this)
        : makeEndpoints(name, { vpc: this.vpc, subnets: this.subnets, routeTables: vpc.routeTables }, this);
    const made = makeGroups(name, { vpc: this.vpc, reaches: args.reaches, endpoints }, this);
    this.groups = made.groups;
    const domain = domainOf(place);
    if (outward) {
      const namespace = new PrivateDnsNamespace(
        `${name}-names`,
        { name: domain, vpc: this.vpc, description: "What serves sessions", tags: { ...sharedTags("names") } },
        parent,
      );
      this.names = { id: namespace.id, domain };
    }
    const answered = [...endpointNames(place), `*.${domain}`];
    const firewall =
      args.dnsFirewall && args.names !== "any"
        ? new DnsFirewall(`${name}-dns`, { vpc: this.vpc, names: [...answered, ...args.names] }, parent).resources
        : [];
    this.resources = [...vpc.resources, ...endpoints.resources, ...made.resources, ...firewall];
    this.registerOutputs({ vpc: this.vpc });
  }
}

function givenVpc({ id, subnets, proxySubnets, endpoints }: GivenVpc, outward: boolean, parent: pulumi.Resource) {
  const outerSubnets = outward ? proxySubnets : [];
  // Only endpoints that are made need to be led to.
  const routed = endpoints === undefined ? [...subnets, ...outerSubnets] : [];
  const routeTables = routed.map((subnetId) => getRouteTableOutput({ subnetId }, { parent }).routeTableId);
  return { id, subnets, outerSubnets, routeTables, resources: [] };
}

import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { DefaultSecurityGroup } from "@pulumi/aws/ec2/defaultSecurityGroup.js";
import { Eip } from "@pulumi/aws/ec2/eip.js";
import { FlowLog } from "@pulumi/aws/ec2/flowLog.js";
import { InternetGateway } from "@pulumi/aws/ec2/internetGateway.js";
import { NatGateway } from "@pulumi/aws/ec2/natGateway.js";
import { Route } from "@pulumi/aws/ec2/route.js";
import { RouteTable } from "@pulumi/aws/ec2/routeTable.js";
import { RouteTableAssociation } from "@pulumi/aws/ec2/routeTableAssociation.js";
import { Subnet } from "@pulumi/aws/ec2/subnet.js";
import { Vpc } from "@pulumi/aws/ec2/vpc.js";
import { getAvailabilityZonesOutput } from "@pulumi/aws/getAvailabilityZones.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import * as pulumi from "@pulumi/pulumi";
import { planned } from "./planned.ts";
import { type Fargate, fargateOf } from "./provider.ts";
import { arnOf, document } from "./roles.ts";
import { accountName, clusterName, logGroupName, sharedTags } from "./tags.ts";
import { layout } from "./vpc-layout.ts";

export interface SessionsVpcArgs {
  /** Its addresses, from /16 to /22. */
  readonly cidr: string;
  /** In how many availability zones its subnets are. */
  readonly zones: number;
  /** Whether anything goes out of it. What does not need it has no gateway that leads anywhere. */
  readonly outward: boolean;
}

/** A VPC for the sessions of one stack: nobody comes in, and what goes out goes by one NAT gateway, from subnets in which no session is. */
export class SessionsVpc extends pulumi.ComponentResource {
  readonly id: pulumi.Output<string>;
  /** In which sessions run. */
  readonly subnets: readonly pulumi.Output<string>[];
  /** From which the NAT gateway leads out. */
  readonly outerSubnets: readonly pulumi.Output<string>[];
  readonly routeTables: readonly pulumi.Output<string>[];
  /** What must be there before anything goes out. */
  readonly resources: readonly pulumi.Resource[];
  readonly #name: string;

  constructor(name: string, { cidr, zones, outward }: SessionsVpcArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:ecs:SessionsVpc", name, {}, opts);
    this.#name = name;
    const vpc = new Vpc(
      `${name}-vpc`,
      { cidrBlock: cidr, enableDnsSupport: true, enableDnsHostnames: true, tags: this.#tags("vpc") },
      { parent: this },
    );
    this.id = vpc.id;
    // What names no group of its own is in this one.
    new DefaultSecurityGroup(`${name}-default`, { vpcId: vpc.id, ingress: [], egress: [], tags: this.#tags("default") }, { parent: this });
    this.#recordRefused();
    const blocks = layout(cidr, zones);
    const names = getAvailabilityZonesOutput(ownZones, { parent: this }).names;
    const { region } = fargateOf(this);
    const zone = (index: number) =>
      planned(
        names.apply((all) => all[index] ?? ""),
        `${region}${"abcdef"[index]}`,
      );
    const sessions = this.#subnets("sessions", blocks.sessions, zone);
    const outer = outward ? this.#subnets("outer", blocks.outer, zone) : undefined;
    const out = outer && this.#wayOut(outer.table, blocks.gateway, zone(0));
    this.subnets = sessions.ids;
    this.outerSubnets = outer?.ids ?? [];
    this.routeTables = [sessions.table, ...(outer === undefined ? [] : [outer.table])].map(({ id }) => id);
    this.resources = [...sessions.associations, ...(outer?.associations ?? []), ...(out ?? [])];
    this.registerOutputs({ id: this.id });
  }

  #tags(kind: string) {
    return { Name: `${clusterName(fargateOf(this))}-${kind}`, ...sharedTags(kind) };
  }

  /** A subnet for each block, in a zone each, and one table of routes for all of them, in which there is none. */
  #subnets(kind: string, blocks: readonly string[], zone: (index: number) => pulumi.Output<string>) {
    const parent = { parent: this };
    const table = new RouteTable(`${this.#name}-${kind}-routes`, { vpcId: this.id, tags: this.#tags(kind) }, parent);
    const subnets = blocks.map((cidrBlock, index) => {
      const inputs = { vpcId: this.id, cidrBlock, availabilityZone: zone(index), mapPublicIpOnLaunch: false, tags: this.#tags(kind) };
      return new Subnet(`${this.#name}-${kind}-${index}`, inputs, parent);
    });
    const associations = subnets.map(
      ({ id }, index) =>
        new RouteTableAssociation(`${this.#name}-${kind}-${index}-routes`, { subnetId: id, routeTableId: table.id }, parent),
    );
    return { table, ids: subnets.map(({ id }) => id), associations };
  }

  /** One NAT gateway, in the first zone, alone in a subnet that leads to the internet. While that zone fails, nothing gets out. */
  #wayOut(inner: RouteTable, block: string, zone: pulumi.Output<string>): pulumi.Resource[] {
    const [name, parent] = [this.#name, { parent: this }];
    const internet = new InternetGateway(`${name}-internet`, { vpcId: this.id, tags: this.#tags("internet") }, parent);
    const { table, ids, associations } = this.#subnets("gateway", [block], () => zone);
    const toInternet = new Route(
      `${name}-gateway-route`,
      { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", gatewayId: internet.id },
      parent,
    );
    const address = new Eip(`${name}-address`, { domain: "vpc", tags: this.#tags("gateway") }, { ...parent, dependsOn: [internet] });
    const nat = new NatGateway(
      `${name}-nat`,
      {
        allocationId: address.id,
        ...(ids[0] !== undefined && { subnetId: ids[0] }),
        connectivityType: "public",
        tags: this.#tags("gateway"),
      },
      { ...parent, dependsOn: [toInternet, ...associations] },
    );
    const out = new Route(
      `${name}-outer-route`,
      { routeTableId: inner.id, destinationCidrBlock: "0.0.0.0/0", natGatewayId: nat.id },
      parent,
    );
    return [out];
  }

  /** Keeps what security groups refuse in a log group: what has been tried shows nowhere else. */
  #recordRefused(): void {
    const [name, parent] = [this.#name, { parent: this }];
    const place = fargateOf(this);
    const logGroup = logGroupName(place, refusedLog);
    const logs = new LogGroup(
      `${name}-refused`,
      {
        name: logGroup,
        retentionInDays: place.logDays,
        ...(place.key !== undefined && { kmsKeyId: place.key }),
        tags: { ...sharedTags("network") },
      },
      parent,
    );
    const role = new Role(
      `${name}-refused-role`,
      { name: accountName(place, "network"), assumeRolePolicy: flowLogTrust(place), tags: { ...sharedTags("network") } },
      parent,
    );
    const rights = new RolePolicy(
      `${name}-refused-rights`,
      {
        name: "own",
        role: role.name,
        policy: document([
          {
            Effect: "Allow",
            Action: ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            Resource: [arnOf(place, "logs", `log-group:${logGroup}`), arnOf(place, "logs", `log-group:${logGroup}:*`)],
          },
          { Effect: "Allow", Action: ["logs:DescribeLogGroups"], Resource: "*" },
        ]),
      },
      parent,
    );
    new FlowLog(
      `${name}-refused-log`,
      {
        vpcId: this.id,
        trafficType: "REJECT",
        logDestinationType: "cloud-watch-logs",
        logDestination: logs.arn,
        iamRoleArn: role.arn,
        tags: { ...sharedTags("network") },
      },
      { ...parent, dependsOn: [rights] },
    );
  }
}

/** Flow logs of this account alone may take the role. @see https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html */
const flowLogTrust = (place: Fargate): string =>
  document([
    {
      Effect: "Allow",
      Principal: { Service: "vpc-flow-logs.amazonaws.com" },
      Action: "sts:AssumeRole",
      Condition: {
        ArnLike: { "aws:SourceArn": arnOf(place, "ec2", "vpc-flow-log/*") },
        ...(place.account !== undefined && { StringEquals: { "aws:SourceAccount": place.account } }),
      },
    },
  ]);

/** The zones of a region itself; local ones, which an account may have opted in to, lack most of what is needed. */
const ownZones = { state: "available", filters: [{ name: "opt-in-status", values: ["opt-in-not-required"] }] };

/** In the names of a stack's log groups, which no session's id can be. */
export const refusedLog = "_network";

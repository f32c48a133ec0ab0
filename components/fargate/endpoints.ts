import { getManagedPrefixListOutput } from "@pulumi/aws/ec2/getManagedPrefixList.js";
import type { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import { VpcEndpoint } from "@pulumi/aws/ec2/vpcEndpoint.js";
import * as pulumi from "@pulumi/pulumi";
import { accountOf } from "./account.ts";
import { securityGroup } from "./groups.ts";
import { planned } from "./planned.ts";
import { type Fargate, fargateOf } from "./provider.ts";
import { arnOf, document, someAccount } from "./roles.ts";
import { clusterName, sharedTags, stackPath } from "./tags.ts";

/** What a stack's tasks ask of AWS, and the end of it: what goes by an endpoint is for this stack's own things alone. */

/** One service that is reached by an endpoint in the VPC. */
export interface Endpoint {
  /** As AWS calls it after `com.amazonaws.<region>.`. */
  readonly service: string;
  /** An interface in the subnets, or a route. */
  readonly kind: "Interface" | "Gateway";
  /** What may be asked by way of it, and by whom, as JSON. */
  readonly policy: string;
}

/** What of a place its endpoints are for. */
type EndpointsPlace = Pick<Fargate, "project" | "stack" | "region" | "execute" | "images" | "key"> & { readonly account: string };

interface Passing {
  readonly Action: readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: object;
}

const anybody = (...passing: readonly Passing[]): string => document(passing.map((one) => ({ Effect: "Allow", Principal: "*", ...one })));

/**
 * Whoever is of an account. A service that takes no other resources than all has nothing else to tell it from another account's.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
 */
const thoseOf = ({ account }: EndpointsPlace, ...passing: readonly Passing[]): string =>
  anybody(...passing.map((one) => ({ ...one, Condition: { StringEquals: { "aws:PrincipalAccount": account } } })));

/** Where ECR keeps the layers of images. @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html */
export const layersBucket = (region: string): string => `prod-${region}-starport-layer-bucket`;

const suffix = (region: string): string => (region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com");

/** Pulling an image. */
const pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"] as const;

/**
 * The endpoints of a stack. An endpoint without a policy is a way out: whoever has credentials of any account of AWS can keep things in
 * that account's buckets, secrets and logs by way of it.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html which ones tasks of Fargate's need
 */
export function endpointsOf(place: EndpointsPlace): Endpoint[] {
  const path = stackPath(place);
  const images = thoseOf(
    place,
    { Action: ["ecr:GetAuthorizationToken"], Resource: "*" },
    { Action: pull, Resource: repositoriesOf(place) },
  );
  const logs = arnOf(place, "logs", `log-group:/${path}/*`);
  const partition = arnOf(place, "s3", "").split(":")[1] ?? "aws";
  return [
    { service: "ecr.api", kind: "Interface", policy: images },
    { service: "ecr.dkr", kind: "Interface", policy: images },
    {
      service: "logs",
      kind: "Interface",
      policy: thoseOf(
        place,
        { Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: logs },
        ...(place.execute ? recording(logs) : []),
      ),
    },
    {
      service: "secretsmanager",
      kind: "Interface",
      policy: thoseOf(place, { Action: ["secretsmanager:GetSecretValue"], Resource: arnOf(place, "secretsmanager", `secret:${path}/*`) }),
    },
    ...(place.execute ? entering(place) : []),
    {
      service: "s3",
      kind: "Gateway",
      // ECR signs for whoever pulls, so that it is nobody of this account.
      policy: anybody({ Action: ["s3:GetObject"], Resource: `arn:${partition}:s3:::${layersBucket(place.region)}/*` }),
    },
  ];
}

/**
 * By what the agent of ECS Exec finds its record, and asks whether that is encrypted: without an answer it ends the line.
 *
 * @see https://github.com/aws/amazon-ssm-agent/issues/203
 */
const recording = (logs: string): Passing[] => [
  { Action: ["logs:DescribeLogGroups"], Resource: "*" },
  { Action: ["logs:DescribeLogStreams"], Resource: logs },
];

/** The line of ECS Exec, which takes no other resources than all, and the key that encrypts it. */
const entering = (place: EndpointsPlace): Endpoint[] => [
  { service: "ssmmessages", kind: "Interface", policy: thoseOf(place, { Action: channels, Resource: "*" }) },
  ...(place.key === undefined
    ? []
    : [{ service: "kms", kind: "Interface" as const, policy: thoseOf(place, { Action: ["kms:Decrypt"], Resource: place.key }) }]),
];

/** What ECS Exec needs. @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html#ecs-exec-required-iam-permissions */
const channels = [
  "ssmmessages:CreateControlChannel",
  "ssmmessages:CreateDataChannel",
  "ssmmessages:OpenControlChannel",
  "ssmmessages:OpenDataChannel",
];

/** The repositories of this account, or those that the settings name images of. */
function repositoriesOf(place: Pick<Fargate, "region" | "account" | "images">): string[] {
  const named = Object.values(place.images ?? {}).flatMap((image) => {
    const account = /^(\d{12})\.dkr\.ecr\./.exec(image ?? "")?.[1];
    return account === undefined ? [] : [arnOf({ ...place, account }, "ecr", "repository/*")];
  });
  return [...new Set(named.length > 0 ? named : [arnOf(place, "ecr", "repository/*")])].sort();
}

/** The names by which tasks find what is reached by endpoints, and the file system. */
export function endpointNames({ region, execute, key }: Pick<Fargate, "region" | "execute" | "key">): string[] {
  const regional = `${region}.${suffix(region)}`;
  const bucket = layersBucket(region);
  return [
    `api.ecr.${regional}`,
    `*.dkr.ecr.${regional}`,
    `logs.${regional}`,
    `secretsmanager.${regional}`,
    ...(execute ? [`ssmmessages.${regional}`] : []),
    ...(execute && key !== undefined ? [`kms.${regional}`] : []),
    `${bucket}.s3.${regional}`,
    `${bucket}.s3.${suffix(region)}`,
    `*.efs.${regional}`,
  ];
}

/** The ends of AWS's services, for those who are to reach them. */
export interface Endpoints {
  /** The security group that they are in, and the list of S3's addresses. */
  readonly to: { readonly group: pulumi.Input<string>; readonly storage: pulumi.Input<string> };
  /** The group, where it is made here and nobody is let in yet. */
  readonly made?: SecurityGroup;
  readonly resources: readonly pulumi.Resource[];
}

/** What stands for the list of S3's addresses in a plan. */
const someList = "pl-s3";

/** Those that are there. @param group their security group, which is the business of whoever made it */
export function givenEndpoints(group: string, parent: pulumi.Resource): Endpoints {
  const name = `com.amazonaws.${fargateOf(parent).region}.s3`;
  return { to: { group, storage: planned(getManagedPrefixListOutput({ name }, { parent }).id, someList) }, resources: [] };
}

export interface EndpointsArgs {
  readonly vpc: pulumi.Input<string>;
  /** Those that have an interface of each. */
  readonly subnets: readonly pulumi.Input<string>[];
  /** Those from which a route leads to S3. */
  readonly routeTables: readonly pulumi.Input<string>[];
}

export function makeEndpoints(name: string, { vpc, subnets, routeTables }: EndpointsArgs, parent: pulumi.Resource): Endpoints {
  const place = fargateOf(parent);
  const tags = { ...sharedTags("endpoint") };
  const group = securityGroup(`${name}-endpoints`, { called: "endpoints", description: "The ends of AWS services", vpc, tags }, parent);
  const account = accountOf(parent);
  const all = endpointsOf({ ...place, account: someAccount(place) });
  // Subnets may have one table between them.
  const tables = pulumi.all([...routeTables]).apply((ids) => [...new Set(ids)].sort());
  const resources = all.map(({ service, kind }, index) => {
    const policy = pulumi.output(account).apply((known) => endpointsOf({ ...place, account: known })[index]?.policy ?? "");
    const where =
      kind === "Gateway" ? { routeTableIds: tables } : { subnetIds: [...subnets], securityGroupIds: [group.id], privateDnsEnabled: true };
    return new VpcEndpoint(
      `${name}-${service.replace(".", "-")}`,
      {
        vpcId: vpc,
        serviceName: `com.amazonaws.${place.region}.${service}`,
        vpcEndpointType: kind,
        policy,
        ...where,
        tags: { Name: `${clusterName(place)}-${service}`, ...tags },
      },
      { parent },
    );
  });
  const storage = resources.filter((_, index) => all[index]?.kind === "Gateway").map(({ prefixListId }) => prefixListId)[0];
  return { to: { group: group.id, storage: planned(storage ?? someList, someList) }, made: group, resources };
}

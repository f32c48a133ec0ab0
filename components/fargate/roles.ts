import type { AccessPoint } from "@pulumi/aws/efs/accessPoint.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import * as pulumi from "@pulumi/pulumi";
import { planned } from "./planned.ts";
import { type Fargate, fargateOf, sharedOf } from "./provider.ts";
import { accountName, clusterName, executeLog, logGroupName, secretName, type Tags } from "./tags.ts";

/** What roles allow, as plain documents: whoever reads a plan sees each right. */

export interface Statement {
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** A document of IAM's. */
export const document = (statements: readonly object[]): string => JSON.stringify({ Version: "2012-10-17", Statement: statements });

/** In which of AWS's partitions a region is. */
const partitionOf = (region: string): string => (region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws");

/**
 * An ARN in the region and the account of a place. Where settings name no account it is any: what is there belongs to another account
 * then, which would have to allow it too.
 */
export const arnOf = ({ region, account = "*" }: Pick<Fargate, "region" | "account">, service: string, rest: string): string =>
  `arn:${partitionOf(region)}:${service}:${region}:${account}:${rest}`;

/** The number that stands for an account in a plan, as long as nobody has said which. */
export const someAccount = ({ account = "000000000000" }: Pick<Fargate, "account">): string => account;

/**
 * One of AWS's services alone may take a role, and only for this account, and this region where the service says for what it asks.
 *
 * @param service as it is called where it is trusted: `ecs-tasks`
 * @param source as ARNs call that for which it asks. @default it does not say
 */
export function serviceTrust(place: Fargate, service: string, source?: string): string {
  const { account } = place;
  const Condition = {
    ...(source !== undefined && { ArnLike: { "aws:SourceArn": arnOf(place, source, "*") } }),
    ...(account !== undefined && { StringEquals: { "aws:SourceAccount": account } }),
  };
  const trusted = { Effect: "Allow", Principal: { Service: `${service}.amazonaws.com` }, Action: "sts:AssumeRole" };
  return document([{ ...trusted, ...(Object.keys(Condition).length > 0 && { Condition }) }]);
}

/** What Fargate itself may do before and while a task runs: take its image, hand it its secrets, keep what it prints. */
export interface Started {
  /** What paths name it by; see HardenedTask. */
  readonly of: string;
  /** Whether secrets are its own. */
  readonly secrets: boolean;
  /** Images by their digest. */
  readonly images: readonly string[];
}

/** The rights of an execution role: on its own log group, its own secrets and its images. */
export function toExecutionRights(place: Fargate, { of, secrets, images }: Started): Statement[] {
  const { key } = place;
  const repositories = [...new Set(images.flatMap((image) => repositoryOf(image) ?? []))].sort();
  return [
    {
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
      Resource: arnOf(place, "logs", `log-group:${logGroupName(place, of)}:*`),
    },
    ...(repositories.length === 0 ? [] : pulling(repositories)),
    ...(secrets
      ? [
          {
            Effect: "Allow" as const,
            Action: ["secretsmanager:GetSecretValue"],
            Resource: arnOf(place, "secretsmanager", `secret:${secretName(place, of, "*")}`),
          },
        ]
      : []),
    ...(secrets && key !== undefined
      ? [
          {
            Effect: "Allow" as const,
            Action: ["kms:Decrypt"],
            Resource: key,
            Condition: { StringEquals: { "kms:ViaService": `secretsmanager.${place.region}.amazonaws.com` } },
          },
        ]
      : []),
  ];
}

/** The ARN of the repository of ECR's that an image is in; undefined for one of another registry. */
function repositoryOf(image: string): string | undefined {
  const [, account, region, name] = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/([^@:]+)/.exec(image) ?? [];
  return account === undefined || region === undefined ? undefined : arnOf({ region, account }, "ecr", `repository/${name}`);
}

const pulling = (repositories: readonly string[]): Statement[] => [
  // It is for a registry as a whole, so that there is nothing to name.
  { Effect: "Allow", Action: ["ecr:GetAuthorizationToken"], Resource: "*" },
  {
    Effect: "Allow",
    Action: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    Resource: repositories,
  },
];

/** Folders of the file system that a task sees, each by an access point of its own. */
export interface SeenFolder {
  /** The access point's ARN. */
  readonly accessPoint: string;
  readonly readOnly: boolean;
}

/** The rights of what runs in a task: its own folders, and nothing else of AWS; with ECS Exec also the line that people come in by. */
export function toTaskRights(place: Fargate, fileSystem: string, folders: readonly SeenFolder[], entered: boolean): Statement[] {
  const through = (readOnly: boolean, actions: readonly string[]): Statement[] => {
    const points = folders.filter((folder) => folder.readOnly === readOnly).map(({ accessPoint }) => accessPoint);
    if (points.length === 0) return [];
    const Condition = {
      StringEquals: { "elasticfilesystem:AccessPointArn": [...new Set(points)].sort() },
      Bool: { "aws:SecureTransport": "true" },
    };
    return [{ Effect: "Allow", Action: actions, Resource: fileSystem, Condition }];
  };
  return [
    ...through(false, ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]),
    ...through(true, ["elasticfilesystem:ClientMount"]),
    ...(entered ? executeRights(place) : []),
  ];
}

/**
 * The line that people come in by, what encrypts it, and the record of what they do. The first have no resources to name.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html#ecs-exec-required-iam-permissions
 * @see https://github.com/aws/session-manager-plugin/blob/mainline/src/datachannel/streaming.go for the key's encryption context
 */
function executeRights(place: Fargate): Statement[] {
  const { key } = place;
  // What is encrypted under the key for anything else, such as a secret, names no task there.
  const lines = { "kms:EncryptionContext:aws:ssm:TargetId": `ecs:${clusterName(place)}_*` };
  const channels = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"];
  return [
    { Effect: "Allow", Action: channels.map((name) => `ssmmessages:${name}`), Resource: "*" },
    { Effect: "Allow", Action: ["logs:DescribeLogGroups"], Resource: "*" },
    {
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
      Resource: arnOf(place, "logs", `log-group:${logGroupName(place, executeLog)}:*`),
    },
    ...(key === undefined ? [] : [{ Effect: "Allow" as const, Action: ["kms:Decrypt"], Resource: key, Condition: { StringLike: lines } }]),
  ];
}

/** What the roles of a task are made for. */
export interface RolesArgs {
  readonly of: string;
  /** The name of what runs, for the roles' own; see accountName. */
  readonly name: string;
  readonly tags: Tags;
  readonly secrets: boolean;
  /** Whether people enter it. */
  readonly entered: boolean;
  readonly images: readonly pulumi.Input<string>[];
  /** Those of the file system, by the names of the volumes that lie there. */
  readonly folders: readonly { readonly volume: string; readonly accessPoint: AccessPoint; readonly readOnly: boolean }[];
}

/** A role by which Fargate starts a task, and one for what runs in it, which no other task has. */
export function taskRoles(name: string, args: RolesArgs, parent: pulumi.Resource) {
  const place = fargateOf(parent);
  const { storage } = sharedOf(parent);
  const { of, secrets, tags } = args;
  const shown = { ...place, account: someAccount(place) };
  const execution = pulumi.all([...args.images]).apply((images) => document(toExecutionRights(place, { of, secrets, images })));
  const points = args.folders.map(({ volume, accessPoint }) =>
    planned(accessPoint.arn, arnOf(shown, "elasticfilesystem", `access-point/fsap-${volume}`)),
  );
  const system = planned(storage.arn, arnOf(shown, "elasticfilesystem", `file-system/fs-${place.stack}`));
  const seen = (arns: readonly string[]) => args.folders.map(({ readOnly }, index) => ({ accessPoint: arns[index] ?? "", readOnly }));
  const task = pulumi
    .all([...points])
    .apply((arns) => system.apply((fileSystem) => document(toTaskRights(place, fileSystem, seen(arns), args.entered))));
  const called = (kind: string) => accountName(place, `${args.name}-${kind}`);
  const arnIn = ({ arn }: Role, kind: string) =>
    planned(arn, `arn:${partitionOf(place.region)}:iam::${shown.account}:role/${called(kind)}`);
  const role = (kind: string) =>
    new Role(
      `${name}-${kind}-role`,
      { name: called(kind), assumeRolePolicy: serviceTrust(place, "ecs-tasks", "ecs"), tags: { ...tags } },
      { parent },
    );
  const [ofTask, ofExecution] = [role("task"), role("execution")];
  const rights = (kind: string, of: Role, policy: pulumi.Input<string>) =>
    new RolePolicy(`${name}-${kind}-rights`, { name: "own", role: of.name, policy }, { parent });
  const policies = [
    rights("execution", ofExecution, execution),
    ...(args.folders.length > 0 || args.entered ? [rights("task", ofTask, task)] : []),
  ];
  return { task: arnIn(ofTask, "task"), execution: arnIn(ofExecution, "execution"), policies };
}

import { FileSystem } from "@pulumi/aws/efs/fileSystem.js";
import { FileSystemPolicy } from "@pulumi/aws/efs/fileSystemPolicy.js";
import { MountTarget } from "@pulumi/aws/efs/mountTarget.js";
import * as pulumi from "@pulumi/pulumi";
import { fargateOf } from "./provider.ts";
import { clusterName, sharedTags } from "./tags.ts";

/** The file system in which every session of a stack has folders. */
export interface SessionStorageArgs {
  /** Days without a read after which a file moves to cheaper storage. */
  readonly infrequentAfter: number;
  /** One that is there already, such as an earlier stack's. @default one is made */
  readonly fileSystem?: string;
  /** Subnets in which tasks mount it, one of each zone. */
  readonly subnets: readonly pulumi.Input<string>[];
  /** The security group of what they mount it by, which lets these tasks in. */
  readonly group: pulumi.Input<string>;
}

/** No client without TLS, whoever it is. What a role may do, its own policy says; as soon as there is one here, nobody else may anything. */
const clients = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Deny",
      Principal: { AWS: "*" },
      Action: ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientRootAccess", "elasticfilesystem:ClientWrite"],
      Resource: "*",
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    },
  ],
};

/** Encrypted, and kept when the stack goes: nothing but a person removes what sessions have made. */
export class SessionStorage extends pulumi.ComponentResource {
  readonly id: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  readonly files: FileSystem;
  /** What must be there before a task mounts it. */
  readonly resources: readonly pulumi.Resource[];

  constructor(name: string, args: SessionStorageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:ecs:SessionStorage", name, {}, opts);
    const parent = { parent: this };
    const place = fargateOf(this);
    const system =
      args.fileSystem === undefined
        ? new FileSystem(
            `${name}-files`,
            {
              encrypted: true,
              ...(place.key !== undefined && { kmsKeyId: place.key }),
              throughputMode: "elastic",
              lifecyclePolicies: [
                { transitionToIa: `AFTER_${args.infrequentAfter}_DAY${args.infrequentAfter === 1 ? "" : "S"}` },
                { transitionToPrimaryStorageClass: "AFTER_1_ACCESS" },
              ],
              tags: { Name: clusterName(place), ...sharedTags("storage") },
            },
            { ...parent, retainOnDelete: true },
          )
        : FileSystem.get(`${name}-files`, args.fileSystem, undefined, parent);
    const policy = new FileSystemPolicy(`${name}-clients`, { fileSystemId: system.id, policy: JSON.stringify(clients) }, parent);
    const targets = args.subnets.map(
      (subnetId, index) =>
        new MountTarget(`${name}-target-${index}`, { fileSystemId: system.id, subnetId, securityGroups: [args.group] }, parent),
    );
    this.id = system.id;
    this.arn = system.arn;
    this.files = system;
    this.resources = [policy, ...targets];
    this.registerOutputs({ id: this.id });
  }
}

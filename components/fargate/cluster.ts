import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { Cluster } from "@pulumi/aws/ecs/cluster.js";
import { ClusterCapacityProviders } from "@pulumi/aws/ecs/clusterCapacityProviders.js";
import * as pulumi from "@pulumi/pulumi";
import { type Fargate, fargateOf } from "./provider.ts";
import { clusterName, executeLog, logGroupName, sharedTags } from "./tags.ts";

/** The ECS cluster of a stack, which is Fargate's alone: there is no machine in it to run anything on. */
export class FargateCluster extends pulumi.ComponentResource {
  /** Its ARN. */
  readonly arn: pulumi.Output<string>;
  /** What must be there before anything runs in it. */
  readonly resources: readonly pulumi.Resource[];

  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:ecs:FargateCluster", name, {}, opts);
    const parent = { parent: this };
    const place = fargateOf(this);
    const record = place.execute ? executeRecord(name, this) : undefined;
    const cluster = new Cluster(
      `${name}-cluster`,
      {
        name: clusterName(place),
        settings: [{ name: "containerInsights", value: "enabled" }],
        ...(record !== undefined && { configuration: toConfiguration(place, record) }),
        tags: { ...sharedTags("cluster") },
      },
      parent,
    );
    const providers = new ClusterCapacityProviders(
      `${name}-providers`,
      {
        clusterName: cluster.name,
        capacityProviders: ["FARGATE"],
        defaultCapacityProviderStrategies: [{ capacityProvider: "FARGATE", weight: 1 }],
      },
      parent,
    );
    this.arn = cluster.arn;
    this.resources = [cluster, providers];
    this.registerOutputs({ arn: this.arn });
  }
}

/** Where what people do in tasks is recorded. */
function executeRecord(name: string, parent: pulumi.Resource): LogGroup {
  const { key, logDays, ...owner } = fargateOf(parent);
  const inputs = { name: logGroupName(owner, executeLog), retentionInDays: logDays, ...(key !== undefined && { kmsKeyId: key }) };
  return new LogGroup(`${name}-execute`, { ...inputs, tags: { ...sharedTags("execute") } }, { parent });
}

/** What is done by ECS Exec goes over a line that the key encrypts, and into that record. */
const toConfiguration = ({ key }: Pick<Fargate, "key">, { name }: LogGroup) => ({
  executeCommandConfiguration: {
    ...(key !== undefined && { kmsKeyId: key }),
    logging: "OVERRIDE",
    logConfiguration: { cloudWatchEncryptionEnabled: true, cloudWatchLogGroupName: name },
  },
});

import { Service } from "@pulumi/aws/ecs/service.js";
import type * as pulumi from "@pulumi/pulumi";
import type { HardenedTask } from "./hardened-task.ts";
import { sharedOf } from "./provider.ts";
import type { Tags } from "./tags.ts";

/** What keeps tasks of one definition running. */
export interface ServiceArgs {
  readonly task: HardenedTask;
  readonly tags: Tags;
  /** Security groups of the tasks' network interfaces. */
  readonly groups: readonly pulumi.Input<string>[];
  /** Where they are. @default the subnets of sessions, which have no way out */
  readonly subnets?: readonly pulumi.Input<string>[];
  /** How many there are. @default 1 */
  readonly count?: number;
  /**
   * How many there are while one takes another's place, in percent. @default 0 to 100: the old one goes first, as two would write to the
   * same folders
   */
  readonly during?: { readonly least: number; readonly most: number };
  /** Another resource says how many there are. @default false */
  readonly scaled?: boolean;
  /** Whether what needs it waits until it is well. @default false */
  readonly awaited?: boolean;
  /** By which it is found. @default it is not */
  readonly registries?: { readonly registryArn: pulumi.Input<string> };
}

/** An ECS service on Fargate. A task that ends, or is not well, makes way for another; a definition that never runs is taken back. */
export function fargateService(
  name: string,
  args: ServiceArgs,
  opts: pulumi.CustomResourceOptions & { readonly parent: pulumi.Resource },
): Service {
  const { cluster, network, resources } = sharedOf(opts.parent);
  const { task, tags, groups, count = 1, during = { least: 0, most: 100 }, scaled = false, awaited = false, registries } = args;
  const inputs = {
    name: task.family,
    cluster,
    taskDefinition: task.definition,
    desiredCount: count,
    capacityProviderStrategies: [{ capacityProvider: "FARGATE", base: 0, weight: 1 }],
    platformVersion: "LATEST",
    networkConfiguration: { assignPublicIp: false, subnets: [...(args.subnets ?? network.subnets)], securityGroups: [...groups] },
    deploymentCircuitBreaker: { enable: true, rollback: true },
    deploymentMinimumHealthyPercent: during.least,
    deploymentMaximumPercent: during.most,
    // Moving a task to another zone needs two of them for a while.
    availabilityZoneRebalancing: during.most > 100 ? "ENABLED" : "DISABLED",
    enableEcsManagedTags: true,
    enableExecuteCommand: task.entered,
    propagateTags: "SERVICE",
    waitForSteadyState: awaited,
    ...(registries !== undefined && { serviceRegistries: registries }),
    tags: { ...tags },
  };
  return new Service(`${name}-service`, inputs, {
    ...opts,
    dependsOn: [...task.resources, ...resources, ...dependenciesOf(opts)],
    ...(scaled && { ignoreChanges: ["desiredCount"] }),
  });
}

const dependenciesOf = ({ dependsOn }: pulumi.CustomResourceOptions): pulumi.Input<pulumi.Resource>[] =>
  dependsOn === undefined ? [] : ([dependsOn].flat() as pulumi.Input<pulumi.Resource>[]);

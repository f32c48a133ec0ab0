import { Service as Registration } from "@pulumi/aws/servicediscovery/service.js";
import * as pulumi from "@pulumi/pulumi";
import { type SecretReference, type Service, userOf } from "../session-part.ts";
import { openGroup, type Opening, openings } from "./groups.ts";
import { HardenedTask, type HardenedTaskArgs } from "./hardened-task.ts";
import type { PrivateNetwork } from "./private-network.ts";
import { sharedOf } from "./provider.ts";
import { fargateService } from "./service.ts";
import { type Tags, toLabel } from "./tags.ts";

/** What serves sessions with a task of its own. */
export interface FargateCompanionArgs {
  readonly companion: Service;
  /** Variables whose values are secret. @default none */
  readonly secretEnvironment?: Readonly<Record<string, SecretReference>>;
  /** What paths of its own name it by; see HardenedTask. */
  readonly of: string;
  /** What it is: letters, digits and blanks. */
  readonly what: string;
  readonly tags: Tags;
  /** The TCP port on which it serves. */
  readonly port: number;
  /** The security group of those that may connect to it. @default one is made */
  readonly readers?: (network: PrivateNetwork) => pulumi.Input<string> | undefined;
  /** Where it connects to, by a name of their own among them. */
  readonly out: Readonly<Record<string, Opening>>;
}

interface Registered extends Pick<FargateCompanionArgs, "tags" | "what"> {
  readonly namespace: pulumi.Input<string>;
}

/**
 * A companion that serves sessions from a task of its own, so that its network and its secrets are no session's. It is found by a name
 * in the stack's namespace, which follows its task; a load balancer would cost more than the task.
 */
export class FargateCompanion extends pulumi.ComponentResource {
  /** By which it is found. */
  readonly host: string;
  /** The security group of those that may connect to it. */
  readonly readers: pulumi.Input<string>;
  /** What must be there before a session uses it. */
  readonly resources: readonly pulumi.Resource[];

  /** @param type the component's own */
  constructor(type: string, name: string, args: FargateCompanionArgs, opts?: pulumi.ComponentResourceOptions) {
    super(`agent-sessions:ecs:${type}`, name, {}, opts);
    const parent = { parent: this };
    const { companion, what, tags, port, out } = args;
    const { network } = sharedOf(this);
    const { vpc, outerSubnets, groups, names } = network;
    if (names === undefined) throw new Error(`${companion.name} is made in a network from which nothing goes out`);
    const label = toLabel(companion.name);
    this.host = `${label}.${names.domain}`;
    const own = openGroup(name, { called: companion.name, description: what, vpc, tags, out }, this);
    const known = args.readers?.(network);
    const door = known === undefined ? this.#door(name, args, vpc) : { id: known, resources: [] };
    this.readers = door.id;
    const between = [
      ...openings(name, own.group.id, { in: { readers: { what: "Those it serves", peer: { group: door.id }, port } }, tags }, this),
      ...openings(`${name}-readers`, door.id, { out: { [companion.kind]: { what, peer: { group: own.group.id }, port } }, tags }, this),
    ];
    const registration = this.#register(name, label, { tags, what, namespace: names.id });
    const task = new HardenedTask(name, taskOf(args), parent);
    const service = fargateService(
      name,
      {
        task,
        tags,
        groups: [groups.services, own.group.id],
        subnets: outerSubnets,
        // It keeps nothing, so another one can serve before it goes.
        during: { least: 100, most: 200 },
        awaited: true,
        registries: { registryArn: registration.arn },
      },
      { ...parent, dependsOn: [...own.resources, ...door.resources, ...between] },
    );
    this.resources = [service, ...door.resources, ...between];
    this.registerOutputs({ host: this.host });
  }

  /** The name by which it is found, as long as ECS says that its task is well: one that is not is no answer. */
  #register(name: string, label: string, { tags, what, namespace }: Registered): Registration {
    return new Registration(
      `${name}-name`,
      {
        name: label,
        dnsConfig: { namespaceId: namespace, routingPolicy: "MULTIVALUE", dnsRecords: [{ type: "A", ttl: 10 }] },
        healthCheckCustomConfig: { failureThreshold: 1 },
        description: what,
        forceDestroy: true,
        tags: { ...tags },
      },
      { parent: this },
    );
  }

  /** Whoever is in this group may connect to the companion, and to nothing else by it. */
  #door(name: string, { companion, what, tags }: FargateCompanionArgs, vpc: pulumi.Input<string>) {
    const args = { called: `${companion.name}-readers`, description: `Those who reach: ${what}`, vpc, tags };
    const { group, resources } = openGroup(`${name}-readers`, args, this);
    return { id: group.id, resources };
  }
}

/** The task of a companion. */
function taskOf({ companion, of, tags, port, secretEnvironment = {} }: FargateCompanionArgs): HardenedTaskArgs {
  const { name: called, kind: name, environment, limits, ...container } = companion;
  return {
    of,
    called,
    tags,
    container: {
      ...container,
      name,
      user: userOf(companion),
      environment: { ...environment, ...secretEnvironment },
      limits,
      ...(limits.openFiles !== undefined && { openFiles: limits.openFiles }),
      port,
    },
  };
}

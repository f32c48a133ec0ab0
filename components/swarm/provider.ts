import type * as pulumi from "@pulumi/pulumi";
import type { FoundEngine } from "../container-engine/find.ts";
import { EngineProvider } from "../container-engine/provider.ts";

/** How Swarm brings in what has changed of a service, and goes back. Times are seconds. */
export interface Rollout {
  /** What becomes of an update whose container fails. @default rollback */
  readonly failureAction?: "rollback" | "pause";
  /** For so long a container that has started is watched for failing. @default 5, Swarm's own */
  readonly monitor?: number;
}

/** Where services run, and how they change. */
export interface SwarmPlace {
  /** The id of the node whose engine is spoken to: volumes are on it, so the tasks have to be. */
  readonly node: string;
  readonly update: Rollout;
  /**
   * What Swarm has added, by a network's name, to the options of those that the Pulumi CLI made: its number, for lack of which in the
   * program the provider would replace the network at each update. @default nothing is there
   */
  readonly added?: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/** Docker's provider for a swarm's manager. */
export class SwarmProvider extends EngineProvider {
  readonly place: SwarmPlace;

  constructor(name: string, engine: FoundEngine, place: SwarmPlace, opts?: pulumi.ResourceOptions) {
    super(name, engine, opts);
    this.place = place;
  }
}

/** Where the services of a component run. @throws Error when its provider is not a swarm's: without a node, a task would start where its data is not */
export function placeOf(component: pulumi.Resource): SwarmPlace {
  const provider = component.getProvider("docker:index/service:Service");
  if (provider instanceof SwarmProvider) return provider.place;
  throw new Error("a service needs a SwarmProvider, which says on which node its data is");
}

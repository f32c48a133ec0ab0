import type { Machine } from "../egress-sets/machine.ts";
import type { Deployment } from "../schema.ts";
import type { EgressSets } from "./egress-sets.ts";
import type { HostPath } from "./host-paths.ts";
import type { StrategySetting } from "./strategy.ts";

/** What a session is judged with. */
export interface Judgement {
  readonly deployment: Deployment;
  readonly strategy: StrategySetting;
  readonly machine: Machine;
  readonly sets: EgressSets;
  /** All that were taken so far. */
  readonly hostPaths: HostPath[];
  /** See `soundness`. */
  readonly sound: (...path: PropertyKey[]) => boolean;
  readonly mistakes: string[];
}

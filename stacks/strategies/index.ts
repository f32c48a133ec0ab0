import { keyPrefix, usualStrategy } from "../configuration.ts";
import type { StrategyName } from "../settings.ts";
import type { Strategy } from "./strategy.ts";

export const strategies: Readonly<Record<StrategyName, Strategy>> = {
  local: { embedded: true, level: "local", load: () => import("./local.ts") },
  "single-node": { embedded: true, level: "single-node", load: () => import("./single-node.ts") },
  swarm: { embedded: true, level: "production", load: () => import("./swarm.ts") },
  kubernetes: { embedded: false, level: "production", load: () => import("./kubernetes.ts") },
  ecs: { embedded: false, level: "production", load: () => import("./ecs.ts") },
};

/** The name of the strategy in a configuration, whatever else is in it; `local` where it names none that there is. */
export function strategyNameOf(config: Readonly<Record<string, string>>): StrategyName {
  const name = config[`${keyPrefix}strategy`];
  return name !== undefined && Object.hasOwn(strategies, name) ? (name as StrategyName) : usualStrategy;
}

/** The strategy that a configuration names. */
export function strategyOf(config: Readonly<Record<string, string>>): Strategy {
  return strategies[strategyNameOf(config)];
}

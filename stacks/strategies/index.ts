import { keyPrefix } from "../configuration.ts";
import type { StrategyName } from "../settings.ts";
import type { Strategy } from "./strategy.ts";

export const strategies: Readonly<Record<StrategyName, Strategy>> = {
  local: { embedded: true, level: "local", load: () => import("./local.ts") },
};

/** The name of the strategy in a configuration, whatever else is in it; `local` where it names none that there is. */
export function strategyNameOf(config: Readonly<Record<string, string>>): StrategyName {
  const name = config[`${keyPrefix}strategy`];
  return name !== undefined && Object.hasOwn(strategies, name) ? (name as StrategyName) : "local";
}

/** The strategy that a configuration names. */
export function strategyOf(config: Readonly<Record<string, string>>): Strategy {
  return strategies[strategyNameOf(config)];
}

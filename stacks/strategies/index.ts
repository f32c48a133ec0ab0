import { keyPrefix } from "../configuration.ts";
import type { StrategyName } from "../settings.ts";
import type { Strategy } from "./strategy.ts";

export const strategies: Readonly<Record<StrategyName, Strategy>> = {
  local: { embedded: true, load: () => import("./local.ts") },
};

/** The strategy that a configuration names, whatever else is in it; `local` where it names none that there is. */
export function strategyOf(config: Readonly<Record<string, string>>): Strategy {
  const name = config[`${keyPrefix}strategy`];
  return Object.entries(strategies).find(([known]) => known === name)?.[1] ?? strategies.local;
}

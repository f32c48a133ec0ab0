import type { StackSource } from "../configuration.ts";
import type { StrategyName } from "../settings.ts";
import { strategyNameOf } from "../strategies/index.ts";
import type { Platform } from "./platform.ts";

/** Each loaded only when it is used, so that a command on one platform loads no other's library. */
const platforms: Readonly<Record<StrategyName, (source: StackSource) => Promise<Platform>>> = {
  local: async (source) => new (await import("./docker.ts")).DockerPlatform(source),
};

/** The platform of a stack. */
export function platformOf(source: StackSource): Promise<Platform> {
  return platforms[strategyNameOf(source.config)](source);
}

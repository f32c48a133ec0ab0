import type { StackSource } from "../configuration.ts";
import type { StrategyName } from "../settings.ts";
import { strategyNameOf } from "../strategies/index.ts";
import type { Platform } from "./platform.ts";

/** Loaded only when it is used, so that a command on one platform loads no other's library. */
const docker = async (source: StackSource): Promise<Platform> => new (await import("./docker.ts")).DockerPlatform(source);

const platforms: Readonly<Record<StrategyName, (source: StackSource) => Promise<Platform>>> = {
  local: docker,
  "single-node": docker,
  swarm: async (source) => new (await import("./swarm.ts")).SwarmPlatform(source),
  kubernetes: async (source) => new (await import("./kubernetes.ts")).KubernetesPlatform(source),
  ecs: async (source) => new (await import("./ecs.ts")).EcsPlatform(source),
};

/** The platform of a stack. */
export function platformOf(source: StackSource): Promise<Platform> {
  return platforms[strategyNameOf(source.config)](source);
}

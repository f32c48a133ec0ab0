import { fromConfig, type StackSource } from "../../configuration.ts";
import type { FargatePlace } from "../../runtime/ecs/answers.ts";
import { clusterName } from "../../../components/fargate/tags.ts";

/**
 * Where a stack's sessions are, whatever else is in its configuration.
 *
 * @throws Error when it names no region: that of the environment may be another one by now
 */
export function placeOf({ config, stack }: Pick<StackSource, "config" | "stack">): FargatePlace {
  const { region, account, profile } = (fromConfig(config).ecs ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof region !== "string" || region === "")
    throw new Error(
      `stack ${stack} names no region, and the environment's is never taken instead; write agent-sessions:ecs: {region: NAME}`,
    );
  return {
    region,
    cluster: clusterName({ stack }),
    ...(account !== undefined && { account: String(account) }),
    ...(profile !== undefined && { profile: String(profile) }),
  };
}

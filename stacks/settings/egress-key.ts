import { type SecretSource, sourceOf } from "./credentials.ts";
import type { Session } from "./session.ts";
import type { StrategySetting } from "./strategy.ts";

/** Characters that a key has at least: as many as 128 random bits take in hexadecimal digits. */
export const shortestEgressKey = 32;

/** From what the logins of sessions at a proxy that they share follow. @param root paths in the settings start here */
export function resolveEgressKey(strategy: StrategySetting<"ecs"> | undefined, root: string): SecretSource | undefined {
  return strategy?.egressKey && sourceOf(strategy.egressKey, root, "ecs.egressKey");
}

export function egressKeyMistakes(
  strategy: StrategySetting<"ecs"> | undefined,
  sessions: readonly Pick<Session, "id" | "network">[],
): string[] {
  if (strategy === undefined || strategy.egressKey !== undefined) return [];
  const filtered = sessions.find(({ network }) => typeof network.egress === "object");
  if (filtered === undefined) return [];
  return [
    `ecs.egressKey: is missing, and session "${filtered.id}" has an allow list; name a secret such as {env: EGRESS_KEY}, which "openssl rand -hex 32" makes.`,
  ];
}

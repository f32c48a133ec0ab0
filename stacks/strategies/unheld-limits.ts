import type { EngineClient } from "../../components/container-engine/connect.ts";
import type { FoundEngine } from "../../components/container-engine/find.ts";
import type { EngineKind } from "../../components/container-engine/kind.ts";
import { type LimitingEngine, unheldLimits } from "../../components/container-engine/unheld-limits.ts";
import { SettingsError } from "../settings.ts";

/**
 * An engine that does not hold a session's limits lets it take the machine from all others. One that does not answer holds nothing yet.
 *
 * @throws SettingsError when it does not
 */
export async function refuseUnheldLimits(docker: EngineClient, kind: EngineKind, { address }: FoundEngine): Promise<void> {
  const info = await (docker.info() as Promise<LimitingEngine>).catch(() => undefined);
  const unheld =
    info &&
    (await unheldLimits(docker, kind, info).catch(({ message }: Error) => {
      throw new SettingsError([`limits: of the engine at ${address} nothing is known: ${message}.`]);
    }));
  if (unheld === undefined) return;
  const { of, why, wayOut } = unheld;
  throw new SettingsError([`limits: the engine at ${address} takes limits of ${of} and holds none: ${why}; ${wayOut}.`]);
}

import type { Secrets } from "../secrets.ts";
import type { Settings } from "../settings.ts";
import { deployDevServices } from "./dev-services.ts";
import { docker, onEngine } from "./docker.ts";
import { deploySessions } from "./sessions.ts";
import type { Deployed, StackIdentity } from "./strategy.ts";

/**
 * Sessions on the Docker or Podman of this machine, or of the one that `local.engine` names.
 *
 * @throws SettingsError when the engine cannot hold what they ask for, before anything is registered
 */
export async function deploy(settings: Settings<"local">, stack: StackIdentity, secrets: Secrets): Promise<Deployed> {
  const { debug } = settings.strategy;
  const options = { ...(await onEngine(settings, stack)), stack, secrets, debug };
  const services = deployDevServices(settings, options);
  const { sessions, authority } = deploySessions(settings, docker, { ...options, services: services.parts });
  return { sessions, authority: [...authority, ...services.authority].sort() };
}

import { engineSocketOf } from "../../components/container-engine/find.ts";
import { HardenedImage } from "../../components/hardened-image/docker.ts";
import { alertmanagerUrl } from "../../components/monitoring/args.ts";
import { Supervisor } from "../../components/supervisor/docker.ts";
import type { Secrets } from "../secrets.ts";
import type { Settings } from "../settings.ts";
import { docker, onEngine } from "./docker.ts";
import { deployGateway, refuseStrangersKey } from "./gateway.ts";
import { deployMonitoring } from "./monitoring.ts";
import { buildOf, deploySessions } from "./sessions.ts";
import type { Deployed, StackIdentity } from "./strategy.ts";

/**
 * Sessions on one server that a team relies on: its own Docker, or that of the one that `single-node.engine` names.
 *
 * @throws SettingsError when the engine cannot hold what they ask for, before anything is registered
 */
export async function deploy(settings: Settings<"single-node">, stack: StackIdentity, secrets: Secrets): Promise<Deployed> {
  refuseStrangersKey(settings, secrets);
  const { engine, ...place } = await onEngine(settings, stack);
  const options = { ...place, stack, secrets, debug: false };
  const { sessions, authority } = deploySessions(settings, docker, options);
  const image = new HardenedImage("supervisor", { source: "supervisor", ...buildOf(settings, options) }, place.opts).reference;
  const { project, stack: name } = stack;
  const { logs, strategy } = settings;
  const at = { port: strategy.supervisor.port, engineSocket: engineSocketOf(engine) };
  const watched = { project, stack: name, image, strategy: strategy.name, logs, ...at };
  // The page shows alerts of who tells them.
  const alerts = settings.monitoring === undefined ? {} : { alertmanager: alertmanagerUrl };
  const supervisor = new Supervisor("supervisor", { ...watched, ...alerts, authority, closed: settings.gateway !== undefined }, place.opts);
  const { network, closed, metrics } = supervisor;
  const networks = closed === undefined ? { network } : { network: closed, publishing: network };
  const monitored = deployMonitoring(settings, options, { metrics, ...networks });
  const entrance = deployGateway(settings, options, supervisor, monitored.services);
  return { sessions, authority: [...authority, ...supervisor.authority, ...monitored.authority, ...entrance].sort() };
}

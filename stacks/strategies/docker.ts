import { AgentSettings } from "../../components/agent-settings/docker.ts";
import { chooseBase } from "../../components/container-engine/base-image.ts";
import { connectEngine } from "../../components/container-engine/connect.ts";
import { type FoundEngine, findEngine } from "../../components/container-engine/find.ts";
import { sharesInodes } from "../../components/container-engine/here.ts";
import { askKind, type EngineKind } from "../../components/container-engine/kind.ts";
import { EngineProvider } from "../../components/container-engine/provider.ts";
import { Credentials } from "../../components/credentials/docker.ts";
import { EgressProxy } from "../../components/egress-proxy/docker.ts";
import { HardenedImage } from "../../components/hardened-image/docker.ts";
import { GroupNetwork, IsolatedNetwork } from "../../components/isolated-network/docker.ts";
import { SessionContainer } from "../../components/session-container/docker.ts";
import { RepositoryClone, SessionVolumes } from "../../components/session-volumes/docker.ts";
import { identitiesOf } from "../settings/host-paths.ts";
import { engineIn } from "../settings/strategy.ts";
import type { Settings } from "../settings.ts";
import { refuseLogDriver } from "./log-driver.ts";
import { refuseOpenPorts } from "./open-ports.ts";
import { refuseSharedFolders } from "./other-stacks.ts";
import { heedPodman, warnOfHealth } from "./podman.ts";
import { refuseRemotePaths } from "./remote-paths.ts";
import { refuseRepositories } from "./repositories.ts";
import type { DeployOptions } from "./sessions.ts";
import type { StackIdentity } from "./strategy.ts";
import { refuseTakenPorts } from "./taken-ports.ts";
import { refuseUnheldLimits } from "./unheld-limits.ts";
import { warnOfProviders } from "./unreached-provider.ts";

/** What the strategies on a Docker Engine or Podman have in common. */

/** Docker's own classes. */
export const docker = {
  HardenedImage,
  RepositoryClone,
  SessionVolumes,
  IsolatedNetwork,
  GroupNetwork,
  EgressProxy,
  Credentials,
  AgentSettings,
  SessionContainer,
};

/** The engine, and what sessions on it are deployed with. */
export interface OnEngine extends Pick<DeployOptions, "base" | "folders" | "opts"> {
  readonly engine: FoundEngine;
}

/**
 * What is to be known of the engine that settings name, or that this machine has, before sessions come to be on it.
 *
 * @param provide makes the provider of all that is registered
 * @throws SettingsError when it cannot hold what they ask for, before anything is registered
 */
export async function onEngine(
  settings: Settings,
  stack: StackIdentity,
  provide: (engine: FoundEngine, kind: EngineKind) => EngineProvider | Promise<EngineProvider> = (engine, kind) =>
    new EngineProvider("engine", engine, undefined, kind),
): Promise<OnEngine> {
  const engine = await findEngine({ address: engineIn(settings.strategy) });
  // Asked together with what follows; neither ever fails.
  const [sharing, stock] = [sharesInodes(engine), chooseBase(engine)];
  const client = connectEngine(engine);
  const kind = await askKind(client);
  if (kind === "podman") {
    heedPodman(settings, engine);
    await warnOfHealth(client);
  }
  await refuseUnheldLimits(client, kind, engine);
  await refuseRemotePaths(settings, client, engine);
  await refuseOpenPorts(settings, client);
  await refuseLogDriver(settings, client);
  await refuseSharedFolders(client, settings, stack);
  await refuseTakenPorts(client, settings, stack);
  refuseRepositories(settings);
  warnOfProviders(settings);
  const folders = (await sharing) ? identitiesOf(settings.hostPaths) : undefined;
  const opts = { provider: await provide(engine, kind) };
  return { engine, base: await stock, ...(folders !== undefined && { folders }), opts };
}

import { AgentSettings } from "../../components/agent-settings/docker.ts";
import { chooseBase } from "../../components/container-engine/base-image.ts";
import { connectEngine } from "../../components/container-engine/connect.ts";
import { findEngine } from "../../components/container-engine/find.ts";
import { sharesInodes } from "../../components/container-engine/here.ts";
import { EngineProvider } from "../../components/container-engine/provider.ts";
import { Credentials } from "../../components/credentials/docker.ts";
import { EgressProxy } from "../../components/egress-proxy/docker.ts";
import { HardenedImage } from "../../components/hardened-image/docker.ts";
import { IsolatedNetwork } from "../../components/isolated-network/docker.ts";
import { SessionContainer } from "../../components/session-container/docker.ts";
import { RepositoryClone, SessionVolumes } from "../../components/session-volumes/docker.ts";
import type { Secrets } from "../secrets.ts";
import { identitiesOf } from "../settings/host-paths.ts";
import type { Settings } from "../settings.ts";
import { refuseOpenPorts } from "./open-ports.ts";
import { refuseSharedFolders } from "./other-stacks.ts";
import { refuseRepositories } from "./repositories.ts";
import { deploySessions } from "./sessions.ts";
import type { Deployed, StackIdentity } from "./strategy.ts";
import { warnOfProviders } from "./unreached-provider.ts";

/** Docker's own classes. */
export const docker = {
  HardenedImage,
  RepositoryClone,
  SessionVolumes,
  IsolatedNetwork,
  EgressProxy,
  Credentials,
  AgentSettings,
  SessionContainer,
};

/**
 * Sessions on the Docker or Podman of this machine, or of the one that `local.engine` names.
 *
 * @throws SettingsError when the engine cannot hold what they ask for, before anything is registered
 */
export async function deploy(settings: Settings<"local">, stack: StackIdentity, secrets: Secrets): Promise<Deployed> {
  const engine = await findEngine({ address: settings.strategy.engine });
  // Asked together with what follows; neither ever fails.
  const [sharing, stock] = [sharesInodes(engine), chooseBase(engine)];
  await refuseOpenPorts(settings, engine);
  await refuseSharedFolders(connectEngine(engine), settings, stack);
  refuseRepositories(settings);
  warnOfProviders(settings);
  const folders = (await sharing) ? identitiesOf(settings.hostPaths) : undefined;
  const opts = { provider: new EngineProvider("engine", engine) };
  const { debug } = settings.strategy;
  return deploySessions(settings, docker, { stack, secrets, base: await stock, debug, ...(folders !== undefined && { folders }), opts });
}

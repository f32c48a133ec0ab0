import * as pulumi from "@pulumi/pulumi";
import { AgentSettings } from "../../components/agent-settings/swarm.ts";
import { connectEngine, type EngineClient } from "../../components/container-engine/connect.ts";
import type { FoundEngine } from "../../components/container-engine/find.ts";
import { labelNames } from "../../components/container-engine/object-labels.ts";
import { Credentials } from "../../components/credentials/swarm.ts";
import { EgressProxy } from "../../components/egress-proxy/swarm.ts";
import { HardenedImage } from "../../components/hardened-image/docker.ts";
import { IsolatedNetwork } from "../../components/isolated-network/swarm.ts";
import { SessionContainer } from "../../components/session-container/swarm.ts";
import { RepositoryClone, SessionVolumes } from "../../components/session-volumes/docker.ts";
import { credentialProxyName } from "../../components/session.ts";
import { type SwarmPlace, SwarmProvider } from "../../components/swarm/provider.ts";
import { managerRefusal, type SwarmInfo } from "../../components/swarm/state.ts";
import type { Secrets } from "../secrets.ts";
import { type Settings, SettingsError } from "../settings.ts";
import { onEngine } from "./docker.ts";
import { deploySessions } from "./sessions.ts";
import type { Deployed, StackIdentity } from "./strategy.ts";

/** Swarm's own classes. Images, volumes, and what clones into these, are those of the node's engine. */
const swarm = {
  HardenedImage,
  RepositoryClone,
  SessionVolumes,
  IsolatedNetwork,
  EgressProxy,
  Credentials,
  AgentSettings,
  SessionContainer,
};

/** What a plan shows of the node where there is no swarm. */
const unknownNode = "the-engine's-own";

/** A service's name is a DNS label. */
const longestService = 63;

/**
 * Sessions as services of a swarm, on the node of the manager that `swarm.engine` names, whose engine has their volumes.
 *
 * @throws SettingsError when the engine is no manager, or cannot hold what they ask for, before anything is registered
 */
export async function deploy(settings: Settings<"swarm">, stack: StackIdentity, secrets: Secrets): Promise<Deployed> {
  refuseLongNames(settings);
  const { update } = settings.strategy;
  const provide = async (engine: FoundEngine) => new SwarmProvider("swarm", engine, { ...(await placeOn(engine)), update });
  return deploySessions(settings, swarm, { ...(await onEngine(settings, stack, provide)), stack, secrets, debug: false });
}

/** The node that services are pinned to, and what is there. A preview, which changes nothing, says where no swarm is. @throws SettingsError where none is */
async function placeOn(engine: FoundEngine): Promise<Omit<SwarmPlace, "update">> {
  const docker = connectEngine(engine);
  const info = await (docker.info() as Promise<SwarmInfo>).catch(() => undefined);
  const refusal = info === undefined ? "does not answer" : managerRefusal(info);
  if (refusal === undefined) return { node: info?.Swarm?.NodeID ?? unknownNode, added: addedTo(await docker.listNetworks()) };
  const sentence = `the engine at ${engine.address} ${refusal}.`;
  if (!pulumi.runtime.isDryRun()) throw new SettingsError([`strategy: "swarm" cannot be rolled out: ${sentence}`]);
  void pulumi.log.warn(`Nothing of this can be rolled out before a swarm is there: ${sentence}`);
  return { node: unknownNode };
}

/** What Swarm numbers overlay networks by. */
const numbered = "com.docker.network.driver.overlay.vxlanid_list";

/** See SwarmPlace. The embedded engine's own networks are known by what they were made from. */
function addedTo(networks: Awaited<ReturnType<EngineClient["listNetworks"]>>): NonNullable<SwarmPlace["added"]> {
  const made = networks.filter(({ Driver, Labels }) => Driver === "overlay" && Labels?.[labelNames.deployment] === undefined);
  return new Map(made.flatMap(({ Name, Options }) => (Options?.[numbered] ? [[Name, { [numbered]: Options[numbered] }] as const] : [])));
}

/** @throws SettingsError for each session whose proxy Swarm would not take by its name */
function refuseLongNames({ sessions }: Pick<Settings, "sessions">): void {
  const refused = sessions.flatMap(({ id, credentials }, index) => {
    const longer = credentials.kind === "proxy" ? credentialProxyName(id).length - longestService : 0;
    return longer > 0
      ? [`sessions[${index}].id: "${id}" is ${longer} characters too long for the service of its credential proxy; choose a shorter id`]
      : [];
  });
  if (refused.length > 0) throw new SettingsError(refused);
}

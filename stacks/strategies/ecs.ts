import { AgentSettings } from "../../components/agent-settings/ecs.ts";
import { Credentials } from "../../components/credentials/ecs.ts";
import { EgressProxy } from "../../components/egress-proxy/ecs.ts";
import { StorageBackup } from "../../components/fargate/backup.ts";
import { FargateCluster } from "../../components/fargate/cluster.ts";
import { SessionsNetwork } from "../../components/fargate/network.ts";
import { costText } from "../../components/fargate/cost.ts";
import { type Fargate, FargateProvider } from "../../components/fargate/provider.ts";
import { SessionStorage } from "../../components/fargate/storage.ts";
import { HardenedImage as NamedImage } from "../../components/hardened-image/ecs.ts";
import { IsolatedNetwork } from "../../components/isolated-network/ecs.ts";
import { Monitoring } from "../../components/monitoring/ecs.ts";
import { SessionContainer } from "../../components/session-container/ecs.ts";
import { RepositoryClone } from "../../components/session-volumes/ecs/clone.ts";
import { SessionVolumes } from "../../components/session-volumes/ecs.ts";
import type { Secrets } from "../secrets.ts";
import { declaredOf } from "../settings/ecs.ts";
import type { Settings } from "../settings.ts";
import type { PlatformClasses } from "./classes.ts";
import { imagesFrom } from "./images.ts";
import { refuseUnscanned } from "./ecs/images.ts";
import { monitoringOf } from "./ecs/monitoring.ts";
import { egressOf, networkOf } from "./ecs/network.ts";
import { refuseUnmounted } from "./ecs/zones.ts";
import { deploySessions } from "./sessions.ts";
import type { Deployed, StackIdentity } from "./strategy.ts";
import { warnOfProviders } from "./unreached-provider.ts";

/** ECS's own classes, but for that of images. */
const ecs = {
  RepositoryClone,
  SessionVolumes,
  IsolatedNetwork,
  EgressProxy,
  Credentials,
  AgentSettings,
  SessionContainer,
};

/** Sessions as tasks of Fargate's, in the region that `ecs.region` names. */
export async function deploy(settings: Settings<"ecs">, stack: StackIdentity, secrets: Secrets): Promise<Deployed> {
  warnOfProviders(settings);
  const { strategy } = settings;
  const place = toPlace(strategy, stack);
  await refuseUnscanned(place);
  const provider = new FargateProvider("aws", place);
  await refuseUnmounted(settings, provider);
  const cluster = new FargateCluster("cluster", { provider });
  const network = new SessionsNetwork("network", networkOf(settings), { provider });
  const storage = new SessionStorage("storage", toStorage(strategy, network), { provider });
  if (strategy.backup !== false) new StorageBackup("backup", { ...strategy.backup, fileSystem: storage.files }, { provider });
  provider.share({
    cluster: cluster.arn,
    storage,
    network,
    ...(settings.egressKey !== undefined && { egress: egressOf(settings, secrets.reference(settings.egressKey), { provider }) }),
    resources: [...cluster.resources, ...network.resources, ...storage.resources],
  });
  const built = () => import("../../components/hardened-image/ecs/built.ts");
  const { HardenedImage, base, engine } = await imagesFrom(settings.strategy.images !== undefined, NamedImage, built);
  const platform: PlatformClasses = { ...ecs, HardenedImage };
  const deployed = deploySessions(settings, platform, { stack, secrets, base, debug: false, opts: { providers: [provider, ...engine] } });
  const watched = monitoringOf(settings, deployed);
  if (watched !== undefined) new Monitoring("monitoring", watched, { provider });
  return { ...deployed, cost: costText(declaredOf(settings.sessions), provider.place) };
}

type Strategy = Settings<"ecs">["strategy"];

function toPlace(strategy: Strategy, { project, stack }: StackIdentity): Fargate {
  const { region = "", account, profile, architecture, key, images, scan, execute, logs } = strategy;
  return {
    project,
    stack,
    region,
    ...(account !== undefined && { account }),
    ...(profile !== undefined && { profile }),
    architecture,
    ...(key !== undefined && { key }),
    ...(images !== undefined && { images: { session: images.session, "egress-proxy": images.egressProxy } }),
    scan,
    execute: execute !== false,
    logDays: logs.keep,
  };
}

const toStorage = ({ storage }: Strategy, { subnets, groups }: SessionsNetwork) => ({
  infrequentAfter: storage.infrequentAccessAfter,
  ...(storage.fileSystem !== undefined && { fileSystem: storage.fileSystem }),
  subnets,
  group: groups.files,
});

import { AgentSettings } from "../../components/agent-settings/kubernetes.ts";
import { type Cluster, ClusterProvider } from "../../components/cluster/provider.ts";
import { Credentials } from "../../components/credentials/kubernetes.ts";
import { EgressProxy } from "../../components/egress-proxy/kubernetes.ts";
import { HardenedImage as NamedImage, PullSecret, pullSecretName } from "../../components/hardened-image/kubernetes.ts";
import { Monitoring } from "../../components/monitoring/kubernetes.ts";
import { SessionNamespace } from "../../components/namespace/kubernetes.ts";
import { roomOf } from "../../components/namespace/room.ts";
import { IsolatedNetwork } from "../../components/isolated-network/kubernetes.ts";
import { SessionContainer } from "../../components/session-container/kubernetes.ts";
import { RepositoryClone, SessionVolumes } from "../../components/session-volumes/kubernetes.ts";
import { cloneName } from "../../components/session.ts";
import { admission } from "../../policy/admission.ts";
import type { Secrets } from "../secrets.ts";
import { namespaceOf } from "../settings/kubernetes.ts";
import type { Settings } from "../settings.ts";
import type { PlatformClasses } from "./classes.ts";
import { imagesFrom } from "./images.ts";
import { deploySessions } from "./sessions.ts";
import type { Deployed, StackIdentity } from "./strategy.ts";
import { warnOfProviders } from "./unreached-provider.ts";

/** Kubernetes' own classes, but for that of images. */
const kubernetes = { RepositoryClone, SessionVolumes, IsolatedNetwork, EgressProxy, Credentials, AgentSettings, SessionContainer };

/**
 * Sessions as pods of the cluster that `kubernetes.context` names.
 *
 * @throws SettingsError when the stack's name makes no namespace, before anything is registered
 */
export async function deploy(settings: Settings<"kubernetes">, stack: StackIdentity, secrets: Secrets): Promise<Deployed> {
  warnOfProviders(settings);
  const cluster = toCluster(settings, stack);
  const { project, stack: name } = stack;
  const provider = new ClusterProvider("cluster", cluster);
  const { resources: first } = new SessionNamespace("namespace", toNamespace(settings, cluster, stack), { provider });
  const pullSecret = settings.cluster?.pullSecret;
  const login = pullSecret && secrets.reference(pullSecret);
  const pull = login && new PullSecret("registry", { project, stack: name, login }, { provider, dependsOn: [...first] });
  const built = () => import("../../components/hardened-image/docker.ts");
  const { HardenedImage, base, engine } = await imagesFrom(settings.strategy.images !== undefined, NamedImage, built);
  const opts = { providers: [provider, ...engine], dependsOn: [...first, ...(pull === undefined ? [] : [pull])] };
  const platform: PlatformClasses = { ...kubernetes, HardenedImage };
  const deployed = deploySessions(settings, platform, { stack, secrets, base, debug: false, opts });
  const { monitoring: form, name: strategy } = settings.strategy;
  if (form !== false) new Monitoring("monitoring", { project, stack: name, strategy, form }, opts);
  return deployed;
}

function toCluster({ strategy, cluster }: Settings<"kubernetes">, { stack }: StackIdentity): Cluster {
  const { name: _, transform: __, quota: ___, monitoring: ____, context = "", images, pullSecret, ...given } = strategy;
  return {
    ...given,
    ...cluster,
    context,
    namespace: namespaceOf(strategy, stack),
    pullSecret: pullSecret && pullSecretName,
    images: images && { session: images.session, "egress-proxy": images.egressProxy },
  };
}

function toNamespace(settings: Settings<"kubernetes">, cluster: Cluster, { project, stack }: StackIdentity) {
  const { sessions, strategy } = settings;
  const { claims, sharedStorageClass, namespace } = cluster;
  const urls = sessions.flatMap(({ repositories }) => repositories.flatMap((one) => (one.kind === "url" ? [cloneName(one)] : [])));
  const clones = new Set(urls).size;
  return {
    project,
    stack,
    namespace,
    podSecurity: strategy.podSecurity,
    quota: strategy.quota,
    room: roomOf(sessions, { claims, clones, sharesClones: sharedStorageClass !== undefined }),
    // Those that are built here are named by their digest.
    admission: admission(Object.values(strategy.images ?? {}).filter((image) => !image.includes("@"))),
  };
}

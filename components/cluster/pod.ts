import type * as inputs from "@pulumi/kubernetes/types/input.js";
import { baseline } from "../../policy/baseline.ts";
import { type Companion, type ContainerDescription, type HealthCommand, type Mount, SecretReference } from "../session-part.ts";
import { volumeName } from "../session.ts";
import { type ClusterLabels, shortened } from "./labels.ts";
import type { Cluster } from "./provider.ts";
import { environmentName, secretName } from "./secret.ts";

export type PodSpec = inputs.core.v1.PodSpec;

const MiB = 1024 ** 2;

/** What a container may write to its own output before the kubelet turns it over (10 MiB, five files), and a margin. Bytes. */
export const outputSpace = 128 * MiB;

/** What every container of this project is given, whatever it does. */
export interface HardenedContainer extends ContainerDescription {
  readonly limits: Pick<Companion["limits"], "memory" | "cpu">;
  /** Bytes of memory and cores that it is sure of. @default the limits */
  readonly requests?: { readonly memory?: number; readonly cpu?: number };
  /** Bytes that its volumes on the node's disk hold at most. @default none has any */
  readonly diskVolumes?: number;
}

/**
 * A container as a pod takes it, held to the baseline.
 *
 * @param of the stem of the names of what it reads: the session's container, or the companion
 */
export function toContainer(args: HardenedContainer, of: string) {
  const { name, image, user, limits, requests = {}, diskVolumes = 0 } = args;
  const [uid, gid] = user;
  const { memory = limits.memory, cpu = limits.cpu } = requests;
  return {
    name,
    image,
    imagePullPolicy: "IfNotPresent",
    command: [...baseline.init, ...args.program],
    env: Object.entries(args.environment)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, value]) =>
        value instanceof SecretReference
          ? { name: key, valueFrom: { secretKeyRef: { ...(value.kept ?? { name: secretName(of, environmentName), key }) } } }
          : { name: key, value },
      ),
    volumeMounts: args.mounts.map((mount) => ({ name: volumeIn(of, mount), mountPath: mount.target, readOnly: mount.readOnly })),
    resources: {
      requests: { memory: quantity(memory), cpu: cores(cpu), "ephemeral-storage": quantity(outputSpace) },
      limits: { memory: quantity(limits.memory), cpu: cores(limits.cpu), "ephemeral-storage": quantity(outputSpace + diskVolumes) },
    },
    securityContext: {
      runAsNonRoot: true,
      runAsUser: uid,
      runAsGroup: gid,
      readOnlyRootFilesystem: baseline.readOnlyRootFilesystem,
      allowPrivilegeEscalation: false,
      privileged: false,
      capabilities: { drop: [...baseline.capabilities.drop] },
    },
  } satisfies inputs.core.v1.Container;
}

/** What the containers of a pod see, and how the pod comes by it. */
export interface Mounted {
  /** The stem of the names of claims and Secrets, as `toContainer` takes it. */
  readonly of: string;
  readonly mounts: readonly Mount[];
  readonly cluster: Pick<Cluster, "claims" | "sharedStorageClass">;
  /** What is persistent lies on the node's disk for as long as the pod is there, rather than in a claim. @default false */
  readonly passing?: boolean;
}

/** The volumes of a pod, each once. @throws Error for a folder of the host, which settings refuse */
export function toVolumes(...mounted: readonly Mounted[]): inputs.core.v1.Volume[] {
  return volumesOf(mounted).map(([name, mount, of]) => ({ name, ...toSource(mount, of) }));
}

/** What the volumes of a pod take of its node's disk at most. Bytes. */
export function diskOf(...mounted: readonly Mounted[]): number {
  return volumesOf(mounted).reduce((sum, [, mount, of]) => sum + (diskSize(mount, of) ?? 0), 0);
}

function volumesOf(mounted: readonly Mounted[]) {
  const all = mounted.flatMap((of) => of.mounts.map((mount) => [volumeIn(of.of, mount), mount, of] as const));
  return [...new Map(all.map((one) => [one[0], one])).values()];
}

/** What a volume is called in its pod. */
export function volumeIn(of: string, { source, target }: Mount): string {
  switch (source.kind) {
    case "shared":
      return shortened(source.name);
    case "companion":
      return shortened(source.companion);
    case "persistent":
    case "secret":
      return shortened(`${of}-${source.name}`);
    default:
      return shortened(`${of}${target.replaceAll("/", "-")}`);
  }
}

/** The size of a volume on the node's disk; undefined for any other. Bytes. */
function diskSize({ source }: Mount, { cluster, passing = false }: Mounted): number | undefined {
  if (source.kind === "persistent" && passing) return cluster.claims[source.name as keyof Cluster["claims"]];
  if (source.kind === "shared" && cluster.sharedStorageClass === undefined) return cluster.claims.repository;
  return undefined;
}

/** Bytes of what an init step fetches: a secret. */
const fetchedSize = MiB;

/** The group of the pod's volumes reads it; nobody else is in the pod. */
const secretMode = 0o440;

function toSource(mount: Mount, mounted: Mounted): Omit<inputs.core.v1.Volume, "name"> {
  const { source, readOnly, target } = mount;
  const disk = diskSize(mount, mounted);
  if (disk !== undefined) return { emptyDir: { sizeLimit: quantity(disk) } };
  switch (source.kind) {
    case "persistent":
      return { persistentVolumeClaim: { claimName: volumeName(mounted.of, source.name) } };
    case "shared":
      return { persistentVolumeClaim: { claimName: source.name, readOnly } };
    case "memory":
      return { emptyDir: { medium: "Memory", sizeLimit: quantity(source.size) } };
    case "companion":
      return { emptyDir: { medium: "Memory", sizeLimit: quantity(fetchedSize) } };
    case "kept":
      return {
        secret: { secretName: source.secret.name, items: [{ key: source.secret.key, path: source.file }], defaultMode: secretMode },
      };
    case "secret":
      return { secret: { secretName: secretName(mounted.of, source.name), defaultMode: secretMode } };
    default:
      throw new Error(`${target} is to be of the kind ${source.kind}, which no pod can be given`);
  }
}

/** What holds for a pod as a whole. */
export interface HardenedPod {
  /** Who its containers run as unless they say otherwise, and the group that its volumes belong to. */
  readonly user: readonly [uid: number, gid: number];
  /** @default the profile of the cluster's settings, else that of the nodes' runtime */
  readonly appArmorProfile?: string;
  /** Resolvers' addresses; none answers nothing, and `cluster` are the cluster's own. @default none */
  readonly dns?: readonly string[] | "cluster";
}

/** The fields of a pod that hold it to the baseline, and to where the cluster's settings place it. */
export function toPod({ user: [uid, gid], appArmorProfile, dns = [] }: HardenedPod, cluster: Cluster) {
  const { seccompProfile, runtimeClassName, hostUsers, nodeSelector, pullSecret, failureRecovery } = cluster;
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...(runtimeClassName !== undefined && { runtimeClassName }),
    ...(hostUsers !== undefined && { hostUsers }),
    ...(nodeSelector !== undefined && { nodeSelector: { ...nodeSelector } }),
    ...(pullSecret !== undefined && { imagePullSecrets: [{ name: pullSecret }] }),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: uid,
      runAsGroup: gid,
      fsGroup: gid,
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: seccompProfile === undefined ? { type: "RuntimeDefault" } : { type: "Localhost", localhostProfile: seccompProfile },
      ...(appArmorProfile !== undefined && { appArmorProfile: { type: "Localhost", localhostProfile: appArmorProfile } }),
    },
    tolerations: ["not-ready", "unreachable"].map((state) => ({
      key: `node.kubernetes.io/${state}`,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: failureRecovery.after,
    })),
    terminationGracePeriodSeconds: 10,
    ...toDns(dns),
  } satisfies Partial<PodSpec>;
}

function toDns(dns: readonly string[] | "cluster") {
  // A name with a dot is asked for as it stands: below the cluster's own domains, whoever may make Services could answer for it.
  if (dns === "cluster") return { dnsPolicy: "ClusterFirst", dnsConfig: { options: [{ name: "ndots", value: "1" }] } };
  const sealed = dns.length === 0;
  const options = sealed ? baseline.sealedDnsOptions.map((option) => option.split(":")).map(([name, value]) => ({ name, value })) : [];
  const nameservers = sealed ? [...baseline.sealedDns] : [...dns];
  return { dnsPolicy: "None", dnsConfig: { nameservers, ...(sealed && { options }) } };
}

/** Spreads pods over the values of the nodes' label that settings name. @param selector the labels of the pods among which it counts */
export const toSpread = (selector: ClusterLabels, { spread }: Cluster): inputs.core.v1.TopologySpreadConstraint[] => [
  { maxSkew: 1, topologyKey: spread.over, whenUnsatisfiable: "ScheduleAnyway", labelSelector: { matchLabels: { ...selector } } },
];

/** The probes of what serves, by its own health command. */
export function toProbes({ command, interval, timeout, startPeriod, retries }: HealthCommand) {
  const probe = { exec: { command: [...command] }, timeoutSeconds: timeout };
  const running = { ...probe, periodSeconds: interval, failureThreshold: retries };
  const startupProbe = { ...probe, periodSeconds: 2, failureThreshold: Math.ceil((startPeriod + interval * retries) / 2) };
  return { startupProbe, livenessProbe: running, readinessProbe: { ...running, failureThreshold: 1 } };
}

/** Bytes as Kubernetes writes them: in the largest unit that holds them whole. */
export function quantity(bytes: number): string {
  const units = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];
  let [amount, unit] = [Math.round(bytes), 0];
  while (amount > 0 && amount % 1024 === 0 && unit < units.length - 1) [amount, unit] = [amount / 1024, unit + 1];
  return `${amount}${units[unit]}`;
}

/** Cores as Kubernetes writes them. */
export function cores(amount: number): string {
  const thousandths = Math.round(amount * 1000);
  return thousandths % 1000 === 0 ? String(thousandths / 1000) : `${thousandths}m`;
}

import { Job as ClusterJob } from "@pulumi/kubernetes/batch/v1/index.js";
import { PersistentVolumeClaim } from "@pulumi/kubernetes/core/v1/index.js";
import * as pulumi from "@pulumi/pulumi";
import { CompanionService, mountedBy, toInitContainer } from "../cluster/companion.ts";
import {
  type ClusterLabels,
  labelNames,
  notAwaited,
  repositoryLabels,
  selectorOf,
  sessionLabels,
  setByStack,
  stackLabels,
} from "../cluster/labels.ts";
import { networkPolicies } from "../cluster/network-policy.ts";
import { diskOf, quantity, toPod, toVolumes } from "../cluster/pod.ts";
import { type Cluster, clusterOf } from "../cluster/provider.ts";
import { secretsOf } from "../cluster/secret.ts";
import { ofUrl } from "../isolated-network/destinations.ts";
import type { Selector } from "../isolated-network/policy.ts";
import { type Job, type MadePart, part, userOf } from "../session-part.ts";
import { cloneName, containerName, type SessionOwner, volumeName } from "../session.ts";
import { type SessionVolumesArgs, type VolumeKind, volumeKindsOf, volumesPart } from "./args.ts";
import {
  cloneAuthority,
  mirrorHost,
  mirrorPort,
  repositoryClone,
  type RepositoryCloneArgs,
  repositoryCopy,
  repositoryMirror,
} from "./clone.ts";

/**
 * The claims of one session, and everything that it sees of its file system. Claims outlive the stack: `pulumi destroy` forgets
 * them and leaves the data.
 */
export class SessionVolumes extends pulumi.ComponentResource {
  readonly part: MadePart;

  /** @throws Error when two mounts claim one target. */
  constructor(name: string, args: SessionVolumesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:kubernetes:SessionVolumes", name, {}, opts);
    const cluster = clusterOf(this);
    const claims = volumeKindsOf(args).map(
      (kind) => new PersistentVolumeClaim(`${name}-${kind}`, toClaim(args, kind, cluster), { parent: this, retainOnDelete: true }),
    );
    this.part = { ...volumesPart(args), resources: claims };
    this.registerOutputs();
  }
}

/** A claim's inputs. Of what is in them a cluster lets the size alone change, and only grow. */
export function toClaim(owner: SessionOwner, kind: VolumeKind, { namespace, storageClass, claims }: Cluster) {
  return {
    metadata: {
      name: volumeName(containerName(owner.sessionId), kind),
      namespace,
      labels: { ...sessionLabels(owner, kind) },
      annotations: { ...notAwaited, ...setByStack(owner) },
    },
    spec: {
      accessModes: ["ReadWriteOnce"],
      ...(storageClass !== undefined && { storageClassName: storageClass }),
      resources: { requests: { storage: quantity(claims[kind]) } },
    },
  };
}

/**
 * A clone that every session which names its URL reads: in a claim, where a storage class has such that many nodes read. Otherwise a
 * pod keeps it and hands it out, and each session copies it before it starts.
 *
 * Either way what clones is a pod of its own: an init container of the session's has the session's network, and whatever a policy
 * opened for it would stay open for the session.
 */
export class RepositoryClone extends pulumi.ComponentResource {
  readonly part: MadePart;
  /** What the clone may know, naming the secret and never its value. */
  readonly authority: readonly string[];

  constructor(name: string, args: RepositoryCloneArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:kubernetes:RepositoryClone", name, {}, opts);
    const cluster = clusterOf(this);
    const labels = repositoryLabels(args, cloneName(args));
    this.part = cluster.sharedStorageClass === undefined ? keptByPod(name, args, labels, this) : inClaim(name, args, labels, this);
    this.authority = cloneAuthority(args);
    this.registerOutputs();
  }
}

/** Seconds that a clone may take, and that its end can be looked up; how often it is tried again. */
const bounds = { activeDeadlineSeconds: 3600, ttlSecondsAfterFinished: 86_400, backoffLimit: 3 } as const;

function inClaim(name: string, args: RepositoryCloneArgs, labels: ClusterLabels, parent: pulumi.Resource): MadePart {
  const cluster = clusterOf(parent);
  const job = repositoryClone(args);
  const metadata = { name: job.name, namespace: cluster.namespace, labels: { ...labels } };
  const claim = new PersistentVolumeClaim(
    `${name}-claim`,
    {
      metadata: { ...metadata, annotations: { ...notAwaited } },
      spec: {
        accessModes: ["ReadWriteMany"],
        ...(cluster.sharedStorageClass !== undefined && { storageClassName: cluster.sharedStorageClass }),
        resources: { requests: { storage: quantity(cluster.claims.repository) } },
      },
    },
    { parent },
  );
  const secrets = [...secretsOf(name, job.mounts, { of: job.name, labels }, { parent }).values()];
  const policies = networkPolicies(name, { name: job.name, labels }, wayOut(args, labels, cluster), { parent });
  const fetch = new ClusterJob(
    `${name}-fetch`,
    { metadata, spec: { ...bounds, template: { metadata: { labels: { ...labels } }, spec: toJobPod(job, cluster) } } },
    { parent, dependsOn: [claim, ...secrets, ...policies], deleteBeforeReplace: true },
  );
  return { ...part({}), resources: [fetch] };
}

function keptByPod(name: string, args: RepositoryCloneArgs, labels: ClusterLabels, parent: pulumi.Resource): MadePart {
  const cluster = clusterOf(parent);
  const mirror = repositoryMirror(args);
  const pods = { matchLabels: { ...selectorOf(labels) } };
  const from = { pods: readersOf(args), port: mirrorPort };
  const policies = [
    ...networkPolicies(name, { name: mirror.name, labels }, { ...wayOut(args, labels, cluster), from }, { parent }),
    ...networkPolicies(
      `${name}-readers`,
      { name: `${mirror.name}-readers`, labels },
      { pods: from.pods, toPods: [{ pods, port: mirrorPort }] },
      { parent },
    ),
  ];
  const pod = { labels, port: mirrorPort, dns: "cluster" as const, before: repositoryClone(args) };
  const made = new CompanionService("RepositoryMirror", name, mirror, pod, { parent, dependsOn: policies });
  const copy = part({ companions: [repositoryCopy(args)] });
  return { ...copy, aliases: [{ host: mirrorHost(args), address: made.address }], resources: [...policies, ...made.resources] };
}

/** What a clone's pod connects to: where its URL leads. */
const wayOut = (args: RepositoryCloneArgs, labels: ClusterLabels, { companyAddresses = [] }: Cluster) => ({
  pods: { matchLabels: { ...selectorOf(labels) } },
  to: ofUrl(args.url, args.parent, companyAddresses),
  dns: [],
});

/** The sessions' pods that read a clone. */
function readersOf(args: RepositoryCloneArgs): Selector {
  const { project, stack, session, kind } = labelNames;
  const owner = stackLabels(args);
  return {
    matchLabels: { [project]: owner[project] ?? "", [stack]: owner[stack] ?? "", [kind]: "session" },
    matchExpressions: [{ key: session, operator: "In", values: [...(args.readers ?? [])].sort() }],
  };
}

/** A pod that runs a job once, tried anew where it fails. */
function toJobPod(job: Job, cluster: Cluster) {
  const mounted = mountedBy(job, cluster);
  return {
    ...toPod({ user: userOf(job), dns: "cluster" }, cluster),
    restartPolicy: "Never",
    containers: [toInitContainer(job, job.kind, diskOf(mounted))],
    volumes: toVolumes(mounted),
  };
}

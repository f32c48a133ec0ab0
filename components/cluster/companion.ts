import { Deployment } from "@pulumi/kubernetes/apps/v1/index.js";
import { Service as ClusterService } from "@pulumi/kubernetes/core/v1/index.js";
import * as pulumi from "@pulumi/pulumi";
import { type Job, type Service, userOf } from "../session-part.ts";
import { type ClusterLabels, notAwaited, selectorOf, shortened } from "./labels.ts";
import { diskOf, type HardenedContainer, type HardenedPod, type Mounted, toContainer, toPod, toProbes, toVolumes } from "./pod.ts";
import { type Cluster, clusterOf } from "./provider.ts";
import { secretsOf } from "./secret.ts";

/** The annotation of a pod that makes it another one when a secret that it reads once has changed. */
export const versionsName = "agent-sessions/secrets";

/** What a companion with a pod of its own is made with, beside what it is. */
export interface CompanionPod {
  /** Of its objects and pods, by which it is selected; see servingLabels. */
  readonly labels: ClusterLabels;
  /** The TCP port on which it serves. */
  readonly port: number;
  /** How it looks up names. @default it does not */
  readonly dns?: HardenedPod["dns"];
  /** What runs in the pod before it, for volumes that both have. @default nothing */
  readonly before?: Job;
}

/** A companion that serves beside a session: a pod of its own, so that its network and its secrets are no session's, and an address. */
export class CompanionService extends pulumi.ComponentResource {
  /** The address at which it serves, the same for as long as its Service is there. */
  readonly address: pulumi.Output<string>;
  /** What must be there before the session starts. */
  readonly resources: readonly pulumi.Resource[];

  /** @param type the component's own */
  constructor(type: string, name: string, companion: Service, pod: CompanionPod, opts?: pulumi.ComponentResourceOptions) {
    super(`agent-sessions:kubernetes:${type}`, name, {}, opts);
    const cluster = clusterOf(this);
    const parent = { parent: this };
    const { labels, port } = pod;
    // DNS finds a Service by its name.
    const metadata = { name: shortened(companion.name), namespace: cluster.namespace, labels: { ...labels } };
    const read = [...companion.mounts, ...(pod.before?.mounts ?? [])];
    const secrets = secretsOf(name, read, { of: companion.name, labels }, parent);
    const service = new ClusterService(
      `${name}-service`,
      {
        metadata: { ...metadata, annotations: notAwaited },
        spec: {
          type: "ClusterIP",
          selector: { ...selectorOf(labels) },
          ports: [{ name: "serves", port, targetPort: port, protocol: "TCP" }],
        },
      },
      parent,
    );
    // What reads a secret once, at its start, is started anew when it changes.
    const versions = pulumi.output([...secrets.values()].map((secret) => secret.metadata.resourceVersion));
    const annotations: Record<string, pulumi.Input<string>> = secrets.size === 0
      ? {}
      : { [versionsName]: versions.apply((all) => all.join(" ")) };
    const deployment = new Deployment(
      `${name}-deployment`,
      {
        metadata,
        spec: {
          replicas: 1,
          selector: { matchLabels: { ...selectorOf(labels) } },
          template: { metadata: { labels: { ...labels }, annotations }, spec: toServicePod(companion, pod, cluster) },
        },
      },
      { ...parent, dependsOn: [...secrets.values()] },
    );
    this.address = service.spec.clusterIP;
    this.resources = [service, deployment];
    this.registerOutputs({ address: this.address });
  }
}

/** What one takes that serves nobody at the moment, in cores; of memory it is sure of its limit. */
const waiting = { cpu: 0.05 } as const;

function toServicePod(companion: Service, { port, dns, before }: CompanionPod, cluster: Cluster) {
  const user = userOf(companion);
  const of = companion.name;
  const mounted: readonly Mounted[] = [companion, ...(before === undefined ? [] : [before])].map(({ mounts }) => ({ of, mounts, cluster }));
  const diskVolumes = diskOf(...mounted);
  const container = toContainer({ ...companion, user, name: companion.kind, requests: waiting, diskVolumes }, of);
  const requests = { ...waiting, memory: companion.limits.memory };
  return {
    ...toPod({ user, ...(dns !== undefined && { dns }) }, cluster),
    ...(before !== undefined && {
      initContainers: [toInitContainer({ ...before, name: of }, `${before.kind}-fetch`, diskVolumes, requests)],
    }),
    containers: [{ ...container, ports: [{ name: "serves", containerPort: port, protocol: "TCP" }], ...toProbes(companion.health) }],
    volumes: toVolumes(...mounted),
  };
}

/**
 * A job that runs in the pod that needs what it leaves, before that pod's own container.
 *
 * @param requests what the pod's own container is sure of. For as long as a pod is there its place on a node is as large as what asks
 *   for most in it, so a job is sure of no more than that. @default the job's limits
 */
export function toInitContainer(job: Job, name: string, diskVolumes: number, requests: Requests = {}) {
  const { memory, cpu } = job.limits;
  const sure = { memory: Math.min(memory, requests.memory ?? memory), cpu: Math.min(cpu, requests.cpu ?? cpu) };
  return { ...toContainer({ ...job, user: userOf(job), name, diskVolumes, requests: sure }, job.name), workingDir: "/workspace" };
}

type Requests = NonNullable<HardenedContainer["requests"]>;

/** What such a job sees. */
export const mountedBy = (job: Job, cluster: Cluster): Mounted => ({ of: job.name, mounts: job.mounts, cluster });

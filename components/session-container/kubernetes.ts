import { StatefulSet } from "@pulumi/kubernetes/apps/v1/index.js";
import { Service, ServiceAccount } from "@pulumi/kubernetes/core/v1/index.js";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1/index.js";
import * as pulumi from "@pulumi/pulumi";
import { versionsName } from "../cluster/companion.ts";
import { selectorOf, sessionLabels } from "../cluster/labels.ts";
import { type Cluster, clusterOf } from "../cluster/provider.ts";
import { environmentSecret } from "../cluster/secret.ts";
import { containerName } from "../session.ts";
import { authorityOf, type DeployedSession, type Pool, secretEnvironmentOf, type SessionContainerArgs } from "./args.ts";
import { podAttachCommand } from "./attach.ts";
import { type PodsArgs, toPodSpec } from "./pod-spec.ts";
import { makePool } from "./pool.ts";

/** One agent session, held to the baseline: a pod that keeps its name and its claims, whichever node it is on, or a pool of pods. */
export class SessionContainer extends pulumi.ComponentResource {
  readonly deployed: DeployedSession;

  constructor(name: string, args: SessionContainerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:kubernetes:SessionContainer", name, {}, opts);
    const cluster = clusterOf(this);
    const parent = { parent: this };
    const metadata = metadataOf(args, cluster);
    const { labels } = metadata;
    const secret = environmentSecret(name, secretEnvironmentOf(args), { of: metadata.name, labels }, parent);
    const account = new ServiceAccount(`${name}-account`, { metadata, automountServiceAccountToken: false }, parent);
    // A variable is read once, so another value is another pod.
    const annotations: Record<string, pulumi.Input<string>> = secret === undefined
      ? {}
      : { [versionsName]: secret.metadata.resourceVersion };
    const pods = { metadata, template: { metadata: { labels, annotations }, spec: toPodSpec(args, cluster) } };
    const after = { ...parent, dependsOn: [account, ...(secret === undefined ? [] : [secret])] };
    const { pool } = args;
    const made = pool === undefined ? makeSingle(name, pods, after) : makePool(name, pool, pods, after);
    new PodDisruptionBudget(`${name}-disruptions`, { metadata, spec: toDisruptions(pool, labels) }, parent);
    const container = pool === undefined ? `${metadata.name}-0` : metadata.name;
    this.deployed = {
      container,
      containerId: made.metadata.uid,
      network: cluster.namespace,
      attach: podAttachCommand(pool === undefined ? container : `deployment/${container}`, cluster),
    };
    this.registerOutputs({ authority: authorityOf(args) });
  }
}

/** The name and the labels that all objects of a session have. */
function metadataOf(args: SessionContainerArgs, { namespace }: Cluster) {
  return { name: containerName(args.sessionId), namespace, labels: { ...sessionLabels(args, "session") } };
}

function makeSingle(name: string, { metadata, template }: PodsArgs, opts: pulumi.CustomResourceOptions): StatefulSet {
  const matchLabels = { ...selectorOf(metadata.labels) };
  const { parent } = opts;
  new Service(`${name}-service`, { metadata, spec: { clusterIP: "None", selector: matchLabels } }, { parent });
  return new StatefulSet(
    `${name}-pods`,
    // In order, a pod that never becomes ready would never make way for the one that mends it.
    { metadata, spec: { replicas: 1, podManagementPolicy: "Parallel", serviceName: metadata.name, selector: { matchLabels }, template } },
    opts,
  );
}

/**
 * Nobody who empties a node ends an agent that works: whoever means to deletes the pod. One that is not well is in nobody's way. Of a
 * pool one at a time may go.
 */
function toDisruptions(pool: Pool | undefined, labels: Record<string, string>) {
  const most = pool === undefined ? { minAvailable: 1 } : { maxUnavailable: 1 };
  return { ...most, selector: { matchLabels: { ...selectorOf(labels) } }, unhealthyPodEvictionPolicy: "AlwaysAllow" };
}

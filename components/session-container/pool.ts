import { Deployment } from "@pulumi/kubernetes/apps/v1/index.js";
import { HorizontalPodAutoscaler } from "@pulumi/kubernetes/autoscaling/v2/index.js";
import { Service } from "@pulumi/kubernetes/core/v1/index.js";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1/index.js";
import type * as pulumi from "@pulumi/pulumi";
import { notAwaited, selectorOf } from "../cluster/labels.ts";
import type { Pool } from "./args.ts";
import type { PodsArgs } from "./pod-spec.ts";

/** Pods behind one address, each client at one of them. */
export function makePool(name: string, pool: Pool, { metadata, template }: PodsArgs, opts: pulumi.CustomResourceOptions): Deployment {
  const { replicas, autoscale, clients } = pool;
  const matchLabels = { ...selectorOf(metadata.labels) };
  const { parent } = opts;
  new Service(`${name}-service`, { metadata: { ...metadata, annotations: notAwaited }, spec: toService(pool, matchLabels) }, { parent });
  const pods = new Deployment(
    `${name}-pods`,
    // What scales the pods says how many there are.
    { metadata, spec: { ...(autoscale === undefined && { replicas }), selector: { matchLabels }, template } },
    opts,
  );
  if (autoscale !== undefined)
    new HorizontalPodAutoscaler(`${name}-scale`, { metadata, spec: toScale(metadata.name, autoscale) }, { parent, dependsOn: [pods] });
  if (clients !== undefined) {
    const policy = { ...metadata, name: `${metadata.name}-clients` };
    new NetworkPolicy(`${name}-clients`, { metadata: policy, spec: toClients(pool.port, clients, matchLabels) }, { parent });
  }
  return pods;
}

function toService({ port }: Pool, selector: Record<string, string>) {
  return {
    type: "ClusterIP",
    selector,
    sessionAffinity: "ClientIP",
    ports: [{ name: "pool", port, targetPort: port, protocol: "TCP" }],
  };
}

function toScale(name: string, { min, max, cpu }: NonNullable<Pool["autoscale"]>) {
  return {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
    minReplicas: min,
    maxReplicas: max,
    metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: cpu } } }],
  };
}

function toClients(port: number, { namespace, labels }: NonNullable<Pool["clients"]>, matchLabels: Record<string, string>) {
  const of = namespace !== undefined && { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } };
  return {
    podSelector: { matchLabels },
    policyTypes: ["Ingress"],
    ingress: [{ from: [{ ...of, podSelector: { matchLabels: { ...labels } } }], ports: [{ protocol: "TCP", port }] }],
  };
}

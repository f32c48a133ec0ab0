import { Provider } from "@pulumi/kubernetes/provider.js";
import type * as pulumi from "@pulumi/pulumi";
import type { ClusterNetwork } from "../isolated-network/policy.ts";

/** A cluster, and how it takes pods: what every class on Kubernetes is made with. Sizes are bytes, times are seconds. */
export interface Cluster extends ClusterNetwork {
  /** The context of the kubeconfig, by which people and commands name the cluster. */
  readonly context: string;
  /** Path of the kubeconfig. @default what the variable KUBECONFIG names, else ~/.kube/config */
  readonly kubeconfig?: string;
  /** Where all objects of the stack are. */
  readonly namespace: string;
  /** The class of sessions' own claims. @default the cluster's */
  readonly storageClass?: string;
  /** A class whose claims many nodes can read. @default none: each session clones for itself */
  readonly sharedStorageClass?: string;
  /** What claims, and clones that a session makes for itself, hold. */
  readonly claims: { readonly workspace: number; readonly session: number; readonly logs: number; readonly repository: number };
  /** A runtime of the nodes, such as gVisor's. @default the nodes' usual one */
  readonly runtimeClassName?: string;
  /** False gives each pod users of its own. @default the cluster's */
  readonly hostUsers?: boolean;
  /** A seccomp profile on the nodes, below the kubelet's folder for them. @default the runtime's own */
  readonly seccompProfile?: string;
  /** The label of nodes over whose values pods are spread. */
  readonly spread: { readonly over: string };
  /** Labels that a node must have. @default none */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** How long a pod stays bound to a node that does not answer. */
  readonly failureRecovery: { readonly after: number };
  /** Images that are there already, by what they are of; see HardenedImage. @default each is built, and pushed to a registry */
  readonly images?: Readonly<Record<string, string | undefined>>;
  /** The Secret by which nodes pull images. @default none */
  readonly pullSecret?: string;
}

/**
 * What was there before is the stack's own as long as nobody else has set other values: claims and the namespace outlive a stack, and
 * the next one of that name has to take them over. A changed secret or file of rules is changed, rather than gone for a while.
 */
const rolling = { upsertExistingObjects: true, enableSecretMutable: true, enableConfigMapMutable: true } as const;

/** The provider of a cluster. What is made with it knows the cluster. */
export class ClusterProvider extends Provider {
  readonly place: Cluster;

  constructor(name: string, cluster: Cluster, opts?: pulumi.ResourceOptions) {
    const { context, kubeconfig, namespace } = cluster;
    super(name, { context, namespace, ...rolling, ...(kubeconfig !== undefined && { kubeconfig }) }, opts);
    this.place = cluster;
  }
}

/** The cluster that a component's objects are on. @throws Error when its provider is no {@link ClusterProvider} */
export function clusterOf(component: pulumi.Resource): Cluster {
  const provider = component.getProvider("kubernetes:core/v1:Pod");
  if (provider instanceof ClusterProvider) return provider.place;
  throw new Error("what is made on Kubernetes needs a ClusterProvider as its provider");
}

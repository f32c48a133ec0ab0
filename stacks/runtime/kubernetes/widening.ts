import type { V1LabelSelector, V1NetworkPolicy } from "@kubernetes/client-node";
import { labelNames } from "../../../components/cluster/labels.ts";
import type { ClusterClient } from "./client.ts";
import { leadsTo } from "./describe.ts";
import { matches, selects } from "./policies.ts";

type Labels = Readonly<Record<string, string>>;

/** A session's pod, as policies select it. */
export interface Selected {
  readonly id: string;
  readonly labels: Labels;
  /** Its settings let it reach any public host. */
  readonly open: boolean;
}

/** What policies beside each other come to. */
export interface Opened {
  /** What is open that is not to be, each with the policy that opens it. */
  readonly opened: readonly string[];
  /** Policies that cannot be judged here, each with the reason. */
  readonly unjudged: readonly string[];
}

/** All policies that there are, of every kind that the cluster serves. */
export interface AllPolicies {
  readonly network: readonly V1NetworkPolicy[];
  readonly others: readonly { readonly kind: Kind; readonly object: OtherPolicy }[];
  /** Kinds that this user may not read. */
  readonly unread: readonly string[];
  readonly namespace: { readonly name: string; readonly labels: Labels };
}

/** What is read here of policies that are no part of Kubernetes itself. */
interface OtherPolicy {
  readonly metadata?: { readonly name?: string };
  readonly spec?: OtherSpec;
  readonly specs?: readonly OtherSpec[];
}

interface OtherSpec {
  readonly endpointSelector?: V1LabelSelector;
  readonly podSelector?: V1LabelSelector;
  readonly selector?: string;
  readonly tier?: string;
  readonly subject?: {
    readonly namespaces?: V1LabelSelector;
    readonly pods?: { readonly namespaceSelector?: V1LabelSelector; readonly podSelector?: V1LabelSelector };
  };
  readonly ingress?: readonly { readonly action?: string }[];
  readonly egress?: readonly { readonly action?: string }[];
}

/** A kind of policy, by which a cluster may have more opened than network policies say. */
interface Kind {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** Of the whole cluster, rather than of a namespace. */
  readonly clusterWide: boolean;
  /** Whether it is about the pod; undefined where that cannot be told. */
  about(spec: OtherSpec, pod: Labels, namespace: AllPolicies["namespace"]): boolean | undefined;
  /** Whether one of its rules opens something. */
  opens(rule: { readonly action?: string }, spec: OtherSpec): boolean;
}

const always = () => true;
/** An empty rule of Cilium's closes, where an empty one of a network policy opens all. */
const saysSomething = (rule: object) => Object.keys(rule).length > 0;
const allows = ({ action = "Allow" }: { readonly action?: string }) => /^(Allow|Accept|Pass)$/.test(action);

/** Cilium writes where a label comes from before its name, and has the namespace as a label. */
function cilium({ endpointSelector }: OtherSpec, pod: Labels, namespace: AllPolicies["namespace"]): boolean | undefined {
  if (endpointSelector === undefined) return false;
  const own = (name: string) => name.replace(/^(k8s|any)[.:]/, "");
  const { matchLabels = {}, matchExpressions = [] } = endpointSelector;
  const labels = { ...pod, "io.kubernetes.pod.namespace": namespace.name };
  const bare = {
    matchLabels: Object.fromEntries(Object.entries(matchLabels).map(([name, value]) => [own(name), value])),
    matchExpressions: matchExpressions.map((one) => ({ ...one, key: own(one.key) })),
  };
  const names = [...Object.keys(bare.matchLabels), ...bare.matchExpressions.map(({ key }) => key)];
  // Its own labels of a namespace and of a policy's place are not among those of a pod.
  if (names.some((name) => /^(io\.cilium\.|reserved[.:])/.test(name))) return undefined;
  return matches(bare, labels);
}

function subject({ subject: { namespaces, pods } = {} }: OtherSpec, pod: Labels, namespace: AllPolicies["namespace"]): boolean {
  if (namespaces !== undefined) return matches(namespaces, namespace.labels);
  return pods !== undefined && matches(pods.namespaceSelector ?? {}, namespace.labels) && matches(pods.podSelector ?? {}, pod);
}

const kinds: readonly Kind[] = [
  {
    name: "CiliumNetworkPolicy",
    group: "cilium.io",
    version: "v2",
    plural: "ciliumnetworkpolicies",
    clusterWide: false,
    about: cilium,
    opens: saysSomething,
  },
  {
    name: "CiliumClusterwideNetworkPolicy",
    group: "cilium.io",
    version: "v2",
    plural: "ciliumclusterwidenetworkpolicies",
    clusterWide: true,
    about: cilium,
    opens: saysSomething,
  },
  // Those of the tier Baseline come after network policies, of which each session has one.
  {
    name: "AdminNetworkPolicy",
    group: "policy.networking.k8s.io",
    version: "v1alpha1",
    plural: "adminnetworkpolicies",
    clusterWide: true,
    about: subject,
    opens: ({ action }) => action === "Allow",
  },
  {
    name: "ClusterNetworkPolicy",
    group: "policy.networking.k8s.io",
    version: "v1alpha2",
    plural: "clusternetworkpolicies",
    clusterWide: true,
    about: subject,
    opens: ({ action }, { tier }) => action === "Accept" && tier !== "Baseline",
  },
  {
    name: "ApplicationNetworkPolicy",
    group: "networking.k8s.aws",
    version: "v1alpha1",
    plural: "applicationnetworkpolicies",
    clusterWide: false,
    about: ({ podSelector }, pod) => matches(podSelector ?? {}, pod),
    opens: always,
  },
  // Its selectors are a language of their own.
  {
    name: "Calico NetworkPolicy",
    group: "crd.projectcalico.org",
    version: "v1",
    plural: "networkpolicies",
    clusterWide: false,
    about: () => undefined,
    opens: allows,
  },
  {
    name: "Calico GlobalNetworkPolicy",
    group: "crd.projectcalico.org",
    version: "v1",
    plural: "globalnetworkpolicies",
    clusterWide: true,
    about: () => undefined,
    opens: allows,
  },
];

/** Reads every policy that could be about pods of the namespace. */
export async function readPolicies(client: ClusterClient, namespace: AllPolicies["namespace"]): Promise<AllPolicies> {
  const { networking, namespace: name } = client;
  const [network, ...found] = await Promise.all([
    networking.listNamespacedNetworkPolicy({ namespace: name }),
    ...kinds.map((kind) => readKind(client, kind)),
  ]);
  return {
    network: network.items,
    others: found.flatMap((objects, index) => (objects ?? []).map((object) => ({ kind: kinds[index] as Kind, object }))),
    unread: found.flatMap((objects, index) => (objects === undefined ? [`${kinds[index]?.name} may not be read by this user`] : [])),
    namespace,
  };
}

/** Those of one kind; none where the cluster does not know it, undefined where this user may not read them. */
async function readKind(
  { custom, namespace }: ClusterClient,
  { group, version, plural, clusterWide }: Kind,
): Promise<readonly OtherPolicy[] | undefined> {
  try {
    const list: unknown = clusterWide
      ? await custom.listClusterCustomObject({ group, version, plural })
      : await custom.listNamespacedCustomObject({ group, version, plural, namespace });
    return (list as { readonly items: readonly OtherPolicy[] }).items;
  } catch (error) {
    const { code } = error as { code?: number };
    if (code === 404) return [];
    if (code === 403) return undefined;
    throw error;
  }
}

/**
 * What the policies that select a session's pod open together. Policies add up: one of somebody else's opens what its own keeps
 * closed. What leads to nothing but the session's own proxies is as it should be.
 */
export function openedFor(pod: Selected, { network, others, unread, namespace }: AllPolicies): Opened {
  const own = network.filter((policy) => selects(policy, pod.labels));
  const opened = [...closedBy(own), ...own.flatMap((policy) => openedBy(policy, pod))];
  const unjudged: string[] = [...unread];
  for (const { kind, object } of others) {
    const name = `${kind.name} ${object.metadata?.name ?? ""}`;
    for (const spec of [...(object.spec === undefined ? [] : [object.spec]), ...(object.specs ?? [])]) {
      if (![...(spec.ingress ?? []), ...(spec.egress ?? [])].some((rule) => kind.opens(rule, spec))) continue;
      const about = kind.about(spec, pod.labels, namespace);
      if (about === true) opened.push(`${name} opens more`);
      if (about === undefined) unjudged.push(`${name} opens something, and whether for this session cannot be told here`);
    }
  }
  return { opened, unjudged };
}

/** A pod that no policy selects for a direction is open in it. */
function closedBy(own: readonly V1NetworkPolicy[]): string[] {
  return ["Ingress", "Egress"].flatMap((direction) =>
    own.some(({ spec }) => (spec?.policyTypes ?? ["Ingress"]).includes(direction)) ? [] : [`no policy closes ${direction.toLowerCase()}`],
  );
}

function openedBy({ metadata, spec }: V1NetworkPolicy, { id, open }: Selected): string[] {
  const name = `NetworkPolicy ${metadata?.name ?? ""}`;
  const isOwn = metadata?.labels?.[labelNames.session] === id;
  const out = open && isOwn ? [] : (spec?.egress ?? []).filter((rule) => !leadsTo(rule, id));
  return [...(out.length > 0 ? [`${name} lets it out`] : []), ...((spec?.ingress ?? []).length > 0 ? [`${name} lets others in`] : [])];
}

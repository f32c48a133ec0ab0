import { isIPv6 } from "node:net";
import { forbidden, isWithin, privateRanges } from "../egress-proxy/addresses.ts";
import { type Destination, isAddress } from "./destinations.ts";

/** What is known of a cluster's network when policies for it are written. */
export interface ClusterNetwork {
  /**
   * What the cluster's network understands: network policies alone, or also names, by CiliumNetworkPolicy or by the
   * ApplicationNetworkPolicy of Amazon EKS. @default policies
   */
  readonly networkPlugin?: "policies" | "cilium" | "eks";
  /** CIDR blocks of nodes and the API server that are public, or lie in what is admitted elsewhere. Nothing reaches them. @default [] */
  readonly clusterAddresses?: readonly string[];
  /** Private CIDR blocks in which clones, credential proxies and the way to a parent proxy may find their hosts. @default [] */
  readonly companyAddresses?: readonly string[];
}

/** Pods by their labels; an empty one is all of a namespace. */
export interface Selector {
  readonly matchLabels?: Record<string, string>;
  readonly matchExpressions?: { readonly key: string; readonly operator: "In"; readonly values: string[] }[];
}

/** Pods, of the same namespace unless it says of which, or addresses. */
export interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: string[] };
}

export interface PolicyPort {
  readonly protocol: "TCP" | "UDP";
  readonly port: number;
}

/** What one policy says of the pods that it selects; whatever it does not name is closed. */
export interface PolicyArgs {
  readonly pods: Selector;
  /** Who may connect to them, and to which port of TCP. @default nobody */
  readonly from?: { readonly pods: Selector; readonly port: number };
  /** Other pods that they connect to. @default none */
  readonly toPods?: readonly { readonly pods: Selector; readonly port: number }[];
  /** What they connect to outside the cluster. @default nothing */
  readonly to?: readonly Destination[];
  /** Addresses of the resolvers they ask; none is the cluster's own. @default they ask nobody */
  readonly dns?: readonly string[];
}

interface Rule {
  readonly to: Peer[];
  readonly ports?: PolicyPort[];
}

const tcp = (ports: readonly number[]): PolicyPort[] => ports.map((port) => ({ protocol: "TCP", port }));

/** Whoever answers for names. */
const dnsPorts: PolicyPort[] = [
  { protocol: "UDP", port: 53 },
  { protocol: "TCP", port: 53 },
];

/** The cluster's own resolvers, as kubeadm, EKS, GKE and AKS label them. */
const clusterDns = { namespace: "kube-system", labels: { "k8s-app": "kube-dns" } } as const;

const block = (address: string) => `${address}/${isIPv6(address) ? 128 : 32}`;
const ofFamily = (six: boolean) => (cidr: string) => cidr.includes(":") === six;

/** Every public address, less those of the cluster. */
function publicPeers({ clusterAddresses = [] }: ClusterNetwork): Peer[] {
  const never = [...forbidden, ...privateRanges, ...clusterAddresses];
  return [false, true].map((six) => ({ ipBlock: { cidr: six ? "::/0" : "0.0.0.0/0", except: never.filter(ofFamily(six)) } }));
}

/** Private blocks, less what is never reached. */
function admittedPeers(addresses: readonly string[], { clusterAddresses = [] }: ClusterNetwork): Peer[] {
  const never = [...forbidden, ...clusterAddresses];
  return addresses
    .filter((cidr) => !never.some((other) => isWithin(cidr, other)))
    .map((cidr) => {
      const except = never.filter((other) => isWithin(other, cidr));
      return { ipBlock: { cidr, ...(except.length > 0 && { except }) } };
    });
}

/** Where a destination lies, as far as that is known before a name is looked up. */
function peersOf({ hosts, addresses = [] }: Destination, network: ClusterNetwork): Peer[] {
  const admitted = admittedPeers(addresses, network);
  if (hosts === "any" || !hosts.every(isAddress)) return [...publicPeers(network), ...admitted];
  const allowed = hosts.filter((host) => !privateRanges.some((range) => isWithin(block(host), range)));
  return [...admittedPeers(allowed.map(block), network), ...admitted];
}

/** Destinations with the same ports in one rule, each peer once. */
function toRules(destinations: readonly Destination[], network: ClusterNetwork) {
  const groups = Map.groupBy(destinations, ({ ports }) => JSON.stringify(ports));
  return [...groups.values()].map((group) => {
    const peers = new Map(group.flatMap((one) => peersOf(one, network)).map((peer) => [JSON.stringify(peer), peer]));
    const ports = group[0]?.ports ?? "any";
    return { to: [...peers.values()], ...(ports !== "any" && { ports: tcp(ports) }) };
  });
}

/** The rule by which names are looked up. */
function dnsRule(servers: readonly string[], plugin: ClusterNetwork["networkPlugin"]) {
  const { namespace, labels } = clusterDns;
  const own: Peer = {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
    podSelector: { matchLabels: labels },
  };
  // Where Amazon runs the nodes, the resolver is a service of the node behind an address of the cluster, and no pod.
  const ofNode = plugin === "eks" ? privateRanges.map((cidr): Peer => ({ ipBlock: { cidr } })) : [];
  const to = servers.length > 0 ? servers.map((server): Peer => ({ ipBlock: { cidr: block(server) } })) : [own, ...ofNode];
  return { to, ports: [...dnsPorts] };
}

/**
 * Destinations that are told to the network by their names: none where others are not known by names, since these are to be looked
 * up as well.
 */
function namedIn(to: readonly Destination[], { networkPlugin = "policies" }: ClusterNetwork): readonly Destination[] {
  if (networkPlugin === "policies" || to.some(({ hosts }) => hosts === "any")) return [];
  return to.filter(({ hosts }) => hosts !== "any" && !hosts.some(isAddress));
}

/**
 * The `spec` of a network policy. Both directions are in `policyTypes`, so that what is left out is closed: lists without
 * anything in them vanish on their way to the cluster.
 */
export function toNetworkPolicy({ pods, from, toPods = [], to = [], dns }: PolicyArgs, network: ClusterNetwork) {
  const named = namedIn(to, network);
  // Cilium learns addresses from the answers that its own policy has it read; a rule of this one would let them pass unread.
  const asks = dns !== undefined && !(network.networkPlugin === "cilium" && named.length > 0);
  const egress: Rule[] = [
    ...toPods.map(({ pods, port }) => ({ to: [{ podSelector: pods }], ports: tcp([port]) })),
    ...toRules(
      to.filter((one) => !named.includes(one)),
      network,
    ),
    ...(asks ? [dnsRule(dns, network.networkPlugin)] : []),
  ];
  return {
    podSelector: pods,
    policyTypes: ["Ingress", "Egress"],
    ...(from !== undefined && { ingress: [{ from: [{ podSelector: from.pods }], ports: tcp([from.port]) }] }),
    ...(egress.length > 0 && { egress }),
  };
}

/** A policy of a network that knows names, by which pods reach these alone; undefined where there is none to make. */
export function toNamePolicy(args: PolicyArgs, network: ClusterNetwork) {
  const named = namedIn(args.to ?? [], network);
  if (named.length === 0) return undefined;
  return network.networkPlugin === "cilium" ? toCilium(args, named, network) : toEks(args, named);
}

/** Below a suffix at any depth; before Cilium 1.19 it is one level. */
const toPattern = (host: string) => (host.startsWith("*.") ? { matchPattern: `*${host}` } : { matchName: host });
const hostsOf = (named: readonly Destination[]) => [...new Set(named.flatMap(({ hosts }) => hosts))];

/** See https://docs.cilium.io/en/stable/security/policy/language/#dns-based. What is denied wins over what is allowed. */
function toCilium({ pods, dns = [] }: PolicyArgs, named: readonly Destination[], network: ClusterNetwork) {
  const servers = dns.map(block);
  const admitted = named.flatMap(({ addresses = [] }) => addresses);
  const { namespace, labels } = clusterDns;
  const resolvers =
    dns.length > 0 ? { toCIDR: servers } : { toEndpoints: [{ matchLabels: { "k8s:io.kubernetes.pod.namespace": namespace, ...labels } }] };
  const deny = (range: string, open: readonly string[]) => {
    const except = [...new Set(open)].filter((cidr) => isWithin(cidr, range));
    return except.includes(range) ? [] : [{ cidr: range, ...(except.length > 0 && { except }) }];
  };
  return {
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    spec: {
      endpointSelector: pods,
      egress: [
        {
          ...resolvers,
          toPorts: [{ ports: [{ port: "53", protocol: "ANY" }], rules: { dns: hostsOf(named).map(toPattern) } }],
        },
        ...named.map(({ hosts, ports }) => ({
          toFQDNs: (hosts === "any" ? [] : hosts).map(toPattern),
          ...(ports !== "any" && { toPorts: [{ ports: ports.map((port) => ({ port: String(port), protocol: "TCP" })) }] }),
        })),
      ],
      egressDeny: [
        {
          toCIDRSet: [
            ...[...forbidden, ...(network.clusterAddresses ?? [])].flatMap((range) => deny(range, servers)),
            ...privateRanges.flatMap((range) => deny(range, [...admitted, ...servers])),
          ],
        },
      ],
    },
  };
}

/** See https://docs.aws.amazon.com/eks/latest/userguide/auto-net-pol.html. */
const toEks = ({ pods }: PolicyArgs, named: readonly Destination[]) => ({
  apiVersion: "networking.k8s.aws/v1alpha1",
  kind: "ApplicationNetworkPolicy",
  spec: {
    podSelector: pods,
    policyTypes: ["Egress"],
    egress: named.map(({ hosts, ports }) => ({
      to: [{ domainNames: hosts === "any" ? [] : [...hosts] }],
      ...(ports !== "any" && { ports: tcp(ports) }),
    })),
  },
});

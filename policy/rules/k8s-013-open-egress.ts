import { baseline } from "../baseline.ts";
import { coversWorld, holds, isCoveredBy } from "./read/cidr.ts";
import { namespaceOf, specOf, title } from "./read/kubernetes.ts";
import { type Opening, openingsOf, type PodPolicy, podPolicies, type Selected, waysOf } from "./read/network-policies.ts";
import type { Subject } from "./read/subject.ts";
import { each, entries, record, records, text, texts } from "./read/value.ts";
import { workloadsOf } from "./read/workload.ts";
import { about, type Found, graded, nist, type Rule } from "./rule.ts";

/** What a block that covers the world must leave out: the metadata services and private networks. */
const within = ["169.254.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

const { services, networks } = baseline.metadata;
/** Of services in networks that others use as well, only a block that means them counts. */
const amongOthers = services.filter((address) => networks.includes(`${address}/32`));
const aroundThem = amongOthers.map((address) => address.replace(/\d+$/, "0/24"));

const kinds = [
  "kubernetes:NetworkPolicy",
  "kubernetes:cilium.io/CiliumNetworkPolicy",
  "kubernetes:cilium.io/CiliumClusterwideNetworkPolicy",
  "kubernetes:projectcalico.org/NetworkPolicy",
  "kubernetes:projectcalico.org/GlobalNetworkPolicy",
  "kubernetes:crd.projectcalico.org/NetworkPolicy",
  "kubernetes:crd.projectcalico.org/GlobalNetworkPolicy",
];

const isOpen = ({ toEverybody, blocks }: Opening): boolean => toEverybody || coversWorld(blocks);

/** Asking metadata services for names is not getting the node's credentials. */
function reachesMetadata(blocks: Opening["blocks"]): boolean {
  if (services.some((address) => !amongOthers.includes(address) && holds(blocks, address))) return true;
  const narrow = blocks.filter(({ cidr }) => isCoveredBy(cidr, aroundThem));
  return amongOthers.some((address) => holds(narrow, address));
}

function* inPolicy(openings: readonly Opening[], name: string, ofProxy: boolean): Iterable<Found> {
  if (openings.some((one) => one.isDnsOnly && isOpen(one)))
    yield graded("medium", `The ${name} must let names be asked only in the cluster.`);
  const others = openings.filter(({ isDnsOnly }) => !isDnsOnly);
  const blocks = others.flatMap((one) => one.blocks);
  if (others.some(isOpen) || coversWorld(blocks)) {
    if (!ofProxy) yield `The ${name} must not let pods reach every address.`;
    const holes = blocks.flatMap(({ except = [] }) => except);
    if ((ofProxy || blocks.length > 0) && !within.every((block) => isCoveredBy(block, holes)))
      yield `The ${name} must except the metadata service and private networks.`;
  } else if (reachesMetadata(blocks)) yield `The ${name} must not let pods reach a metadata service.`;
  if (others.some(({ toEveryNamespace }) => toEveryNamespace)) yield `The ${name} must not let pods reach every namespace.`;
}

/** The pods of a stack, as policies see them: those that differ in nothing that a policy asks for are one. */
function podsOf(subjects: readonly Subject[]): Selected[] {
  const pods = new Map<unknown, Selected>();
  const found = each(subjects, function* (subject) {
    for (const { platform, metadata } of workloadsOf(subject))
      if (platform === "kubernetes") yield { namespace: namespaceOf(subject), labels: record(metadata.labels) };
  });
  for (const pod of found) pods.set(sameAs(pod), pod);
  return [...pods.values()];
}

/** What is the same for the same pods. One with a label that is not known yet is like no other. */
function sameAs(pod: Selected): unknown {
  try {
    return JSON.stringify([pod.namespace, pod.labels]);
  } catch {
    return pod;
  }
}

/** The policies of the same pods, and what they let out. */
interface Together {
  readonly egress: boolean;
  /** Whether all that they let out is the world, and nothing that one of them does. */
  readonly coversWorldInParts: boolean;
}

const blocksOf = ({ subject }: PodPolicy): Opening["blocks"] =>
  [...openingsOf(subject)].filter(({ isDnsOnly }) => !isDnsOnly).flatMap((one) => one.blocks);

function togetherOn(pod: Selected, policies: readonly PodPolicy[]): Together {
  const selecting = policies.filter((policy) => policy.selects(pod));
  let inParts: boolean | undefined;
  return {
    egress: selecting.some(({ egress }) => egress),
    get coversWorldInParts() {
      const blocks = inParts === undefined ? selecting.map(blocksOf) : [];
      inParts ??= !blocks.some(coversWorld) && coversWorld(blocks.flat());
      return inParts;
    },
  };
}

/** A pod that a policy selects for sure, where the stack holds none: one with just the labels that it asks for. */
function typical({ subject }: PodPolicy): Selected {
  const { matchLabels, matchExpressions } = record(specOf(subject).podSelector);
  const labels: Record<string, unknown> = Object.fromEntries(entries(matchLabels));
  for (const { key, operator, values } of records(matchExpressions))
    if (/^(In|Exists)$/.test(text(operator) ?? "")) labels[text(key) ?? ""] = Array.isArray(values) ? values[0] : "";
  return { namespace: namespaceOf(subject), labels };
}

export const podEgress: Rule = {
  id: "K8S-013",
  name: "pod-egress",
  title: "A network policy leaves egress open",
  severity: "high",
  also: ["medium"],
  frameworks: [nist("4.4.2")],
  remediation: "Deny by default; allow the proxy and the cluster's own DNS.",
  reads: "policyTypes, egress, which pods the policies of a stack select together",
  kinds,
  settings: {
    proxies: {
      type: "array",
      items: { type: "string" },
      description:
        "Names of the resources by which proxies with a list of hosts of their own, and no other pods, reach every public address.",
      default: [],
    },
  },
  *resource(policy, settings) {
    yield* inPolicy([...openingsOf(policy)], title(policy), [...texts(settings.proxies)].includes(policy.name));
  },
  // What policies of the same pods let out adds up, and what one of them denies is denied.
  *stack(subjects) {
    const policies = podPolicies(subjects);
    const pods = podsOf(subjects);
    const known = new Map<Selected, Together>();
    const together = (pod: Selected): Together => {
      const found = known.get(pod) ?? togetherOn(pod, policies);
      known.set(pod, found);
      return found;
    };
    yield* each(policies, function* (policy) {
      const { subject } = policy;
      if (subject.kind !== "kubernetes:NetworkPolicy" || subject.isPatch) return;
      const { egress: coversEgress } = waysOf(specOf(subject));
      const some = typical(policy);
      // Most cover egress and name no address. To find their pods, and those pods' policies, would take the square of their number.
      if (coversEgress && blocksOf(policy).length === 0) return;
      const selected = pods.filter((pod) => policy.selects(pod));
      const groups = (selected.length > 0 ? selected : [some]).map(together);
      if (!coversEgress && groups.some(({ egress }) => !egress)) yield about(subject, `The ${title(subject)} must also cover egress.`);
      if (groups.some(({ coversWorldInParts }) => coversWorldInParts) && blocksOf(policy).length > 0)
        yield about(subject, `The ${title(subject)} must not let pods reach every address, together with others of the same pods.`);
    });
  },
};

/** Network policies of Kubernetes, Cilium and Calico, as far as they say which pods they isolate and what they let out. */
import { expressionSelects } from "./calico-selector.ts";
import type { Block } from "./cidr.ts";
import { nameOf, namespaceOf, selects, specOf } from "./kubernetes.ts";
import type { Subject } from "./subject.ts";
import { entries, isRecord, list, type Props, record, records, text, texts } from "./value.ts";

/** A pod as a policy sees it. */
export interface Selected {
  readonly namespace: string;
  readonly labels: Props;
}

export interface PodPolicy {
  readonly subject: Subject;
  readonly ingress: boolean;
  readonly egress: boolean;
  selects(pod: Selected): boolean;
}

/** The policies of a stack. */
export function podPolicies(subjects: readonly Subject[]): PodPolicy[] {
  const namespaces = subjects.filter(({ kind }) => kind === "kubernetes:Namespace");
  const labelsOf = (name: string): Props => {
    const found = namespaces.find((namespace) => nameOf(namespace) === name);
    return { ...record(record(found?.props.metadata).labels), "kubernetes.io/metadata.name": name };
  };
  return subjects.flatMap((subject) => policiesIn(subject, labelsOf));
}

type LabelsOf = (namespace: string) => Props;

function policiesIn(subject: Subject, labelsOf: LabelsOf): PodPolicy[] {
  const { kind } = subject;
  if (kind === "kubernetes:NetworkPolicy") return [kubernetes(subject)];
  if (/^kubernetes:cilium\.io\/Cilium(Clusterwide)?NetworkPolicy$/.test(kind)) {
    const specs = [...(isRecord(subject.props.spec) ? [specOf(subject)] : []), ...records(subject.props.specs)];
    return specs.map((spec) => cilium(subject, spec, labelsOf));
  }
  if (/^kubernetes:(crd\.)?projectcalico\.org\/(Global)?NetworkPolicy$/.test(kind)) return [calico(subject, labelsOf)];
  if (/^kubernetes:((Baseline)?Admin|Cluster)NetworkPolicy$/.test(kind)) return [admin(subject, labelsOf)];
  return [];
}

const isFilled = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

/** Which ways a policy covers: egress, where it does not say, only when it has rules for it. */
export function waysOf(spec: Props): { readonly ingress: boolean; readonly egress: boolean } {
  const types = [...texts(spec.policyTypes)];
  if (types.length === 0) return { ingress: true, egress: isFilled(spec.egress) };
  return { ingress: types.includes("Ingress"), egress: types.includes("Egress") };
}

function kubernetes(subject: Subject): PodPolicy {
  const spec = specOf(subject);
  return {
    subject,
    ...waysOf(spec),
    selects: ({ namespace, labels }) => namespace === namespaceOf(subject) && selects(spec.podSelector, labels),
  };
}

const ofNamespace = "io.kubernetes.pod.namespace";
const ofNamespaceLabels = "io.cilium.k8s.namespace.labels.";

function cilium(subject: Subject, spec: Props, labelsOf: LabelsOf): PodPolicy {
  const isClusterwide = subject.kind.endsWith("CiliumClusterwideNetworkPolicy");
  const plain = (key: string) => key.replace(/^(k8s|any)[:.]/, "");
  const { matchLabels, matchExpressions } = record(spec.endpointSelector);
  const selector = {
    matchLabels: Object.fromEntries([...entries(matchLabels)].map(([key, value]) => [plain(key), value])),
    matchExpressions: [...records(matchExpressions)].map((one) => ({ ...one, key: plain(text(one.key) ?? "") })),
  };
  const way = (name: string) => isFilled(spec[name]) || isFilled(spec[`${name}Deny`]);
  return {
    subject,
    ingress: way("ingress"),
    egress: way("egress"),
    selects: ({ namespace, labels }) => {
      if (!isRecord(spec.endpointSelector) || (!isClusterwide && namespace !== namespaceOf(subject))) return false;
      const ofItsNamespace = Object.entries(labelsOf(namespace)).map(([key, value]) => [`${ofNamespaceLabels}${key}`, value]);
      return selects(selector, { ...labels, ...Object.fromEntries(ofItsNamespace), [ofNamespace]: namespace });
    },
  };
}

function calico(subject: Subject, labelsOf: LabelsOf): PodPolicy {
  const spec = specOf(subject);
  const types = [...texts(spec.types)];
  const hasEgress = isFilled(spec.egress);
  return {
    subject,
    ingress: types.length === 0 ? !hasEgress || isFilled(spec.ingress) : types.includes("Ingress"),
    egress: types.length === 0 ? hasEgress : types.includes("Egress"),
    selects: ({ namespace, labels }) => {
      const isHere = subject.kind.endsWith("GlobalNetworkPolicy")
        ? expressionSelects(text(spec.namespaceSelector), labelsOf(namespace))
        : namespace === namespaceOf(subject);
      return isHere && expressionSelects(text(spec.selector), labels);
    },
  };
}

/** An administrator's policy isolates by what it denies. */
function admin(subject: Subject, labelsOf: LabelsOf): PodPolicy {
  const spec = specOf(subject);
  const { namespaces, pods } = record(spec.subject);
  const denies = (way: string) => [...records(spec[way])].some(({ action }) => text(action) === "Deny");
  return {
    subject,
    ingress: denies("ingress"),
    egress: denies("egress"),
    selects: ({ namespace, labels }) => {
      if (isRecord(namespaces)) return selects(namespaces, labelsOf(namespace));
      const { namespaceSelector, podSelector } = record(pods);
      return isRecord(pods) && selects(namespaceSelector, labelsOf(namespace)) && selects(podSelector, labels);
    },
  };
}

/** What one rule of a policy lets pods reach. */
export interface Opening {
  readonly blocks: readonly Block[];
  /** No peer is named, so that everybody is. */
  readonly toEverybody: boolean;
  readonly toEveryNamespace: boolean;
  /** Names may be asked, and nothing else. */
  readonly isDnsOnly: boolean;
}

const isDnsPort = (port: unknown): boolean => /^(53|5353|dns(-tcp|-udp)?)$/.test(text(port) ?? "");

/** Whether a selector of namespaces meets any of them: it is empty, or excludes some at most. */
function meetsEvery(selector: Props): boolean {
  for (const _ of entries(selector.matchLabels)) return false;
  for (const { key, operator } of records(selector.matchExpressions)) {
    const excludes = /^(NotIn|DoesNotExist)$/.test(text(operator) ?? "");
    const isCommon = text(operator) === "Exists" && text(key) === "kubernetes.io/metadata.name";
    if (!excludes && !isCommon) return false;
  }
  return true;
}

const isNarrow = (selector: unknown): boolean =>
  isRecord(selector) && (Object.keys(record(selector.matchLabels)).length > 0 || isFilled(selector.matchExpressions));

/** The openings of a policy's egress rules. */
export function* openingsOf(subject: Subject): Iterable<Opening> {
  if (subject.kind === "kubernetes:NetworkPolicy") for (const rule of records(specOf(subject).egress)) yield kubernetesOpening(rule);
  else if (subject.kind.startsWith("kubernetes:cilium.io/"))
    for (const spec of [specOf(subject), ...records(subject.props.specs)])
      for (const rule of records(spec.egress)) yield ciliumOpening(rule);
  else for (const rule of records(specOf(subject).egress)) if (text(rule.action) === "Allow") yield calicoOpening(rule);
}

function kubernetesOpening(rule: Props): Opening {
  const peers = [...records(rule.to)];
  const ports = [...records(rule.ports)];
  return {
    blocks: peers.flatMap(({ ipBlock }) => (isRecord(ipBlock) ? [blockOf(ipBlock)] : [])),
    toEverybody: peers.length === 0,
    toEveryNamespace: peers.some(
      ({ namespaceSelector, podSelector }) => isRecord(namespaceSelector) && meetsEvery(namespaceSelector) && !isNarrow(podSelector),
    ),
    isDnsOnly: ports.length > 0 && ports.every(({ port, endPort }) => isDnsPort(port) && endPort === undefined),
  };
}

const blockOf = ({ cidr, except }: Props): Block => ({ cidr: text(cidr) ?? "", except: [...texts(except)] });

const ciliumPeers = /^to(Endpoints|CIDR|CIDRSet|Entities|FQDNs|Services|Requires|Groups|Nodes)$/;

function ciliumOpening(rule: Props): Opening {
  const entities = [...texts(rule.toEntities)];
  const ports = [...records(rule.toPorts)].flatMap(({ ports: own }) => [...records(own)]);
  return {
    blocks: [
      ...[...texts(rule.toCIDR)].map((cidr) => ({ cidr })),
      ...[...records(rule.toCIDRSet)].map(blockOf),
      ...(entities.some((entity) => /^(world|all)$/.test(entity)) ? [{ cidr: "0.0.0.0/0" }, { cidr: "::/0" }] : []),
    ],
    toEverybody: !Object.keys(rule).some((key) => ciliumPeers.test(key)),
    toEveryNamespace: entities.includes("cluster"),
    isDnsOnly: ports.length > 0 && ports.every(({ port }) => isDnsPort(port)),
  };
}

function calicoOpening(rule: Props): Opening {
  const to = record(rule.destination);
  const ports = [...list(to.ports)];
  const except = [...texts(to.notNets)];
  const nets = [...texts(to.nets)];
  const isNamed = ["selector", "namespaceSelector", "serviceAccounts", "services", "domains"].some((key) => to[key] !== undefined);
  return {
    blocks: nets.map((cidr) => ({ cidr, except })),
    toEverybody: nets.length === 0 && !isNamed,
    toEveryNamespace: /^\s*(global|all)\(\)\s*$/.test(text(to.namespaceSelector) ?? "") && to.selector === undefined,
    isDnsOnly: ports.length > 0 && ports.every(isDnsPort),
  };
}

import { coversWorld, isCoveredBy } from "./read/cidr.ts";
import { specOf, title } from "./read/kubernetes.ts";
import type { Subject } from "./read/subject.ts";
import { isRecord, list, number, type Props, record, records, text, texts } from "./read/value.ts";
import { type Found, graded, nist, type Rule } from "./rule.ts";

/** What a block that covers the world must leave out: the metadata services and private networks. */
const within = ["169.254.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

/** Whether a rule opens nothing but port 53. */
function isDnsOnly(rule: Props): boolean {
  const ports = [...records(rule.ports)];
  return ports.length > 0 && ports.every((port) => number(port.port) === 53 && port.endPort === undefined);
}

function* inRule(rule: Props, name: string): Iterable<Found> {
  const peers = [...records(rule.to)];
  const blocks = peers.flatMap(({ ipBlock }) => (isRecord(ipBlock) ? [record(ipBlock)] : []));
  const toEverybody = peers.length === 0 || coversWorld(blocks.map(({ cidr }) => text(cidr) ?? ""));
  if (toEverybody && isDnsOnly(rule)) yield graded("medium", `The ${name} must let names be asked only in the cluster.`);
  else if (toEverybody) {
    yield `The ${name} must not let pods reach every address.`;
    const holes = blocks.flatMap(({ except }) => [...texts(except)]);
    if (blocks.length > 0 && !within.every((block) => isCoveredBy(block, holes)))
      yield `The ${name} must except the metadata service and private networks.`;
  }
  for (const { namespaceSelector } of peers)
    if (isRecord(namespaceSelector) && isEmpty(namespaceSelector) && !isDnsOnly(rule))
      yield `The ${name} must not let pods reach every namespace.`;
}

function isEmpty({ matchLabels, matchExpressions }: Props): boolean {
  return Object.keys(record(matchLabels)).length === 0 && [...list(matchExpressions)].length === 0;
}

export const podEgress: Rule = {
  id: "K8S-013",
  name: "pod-egress",
  title: "A network policy leaves egress open",
  severity: "high",
  also: ["medium"],
  frameworks: [nist("4.4.2")],
  remediation: "Deny by default; allow the proxy and the cluster's own DNS.",
  reads: "policyTypes, egress",
  kinds: ["kubernetes:NetworkPolicy"],
  *resource(policy: Subject) {
    const spec = specOf(policy);
    const types = [...texts(spec.policyTypes)];
    const hasEgress = types.includes("Egress") || (types.length === 0 && spec.egress !== undefined);
    if (!hasEgress && !policy.isPatch) yield `The ${title(policy)} must also cover egress.`;
    for (const rule of records(spec.egress)) yield* inRule(rule, title(policy));
  },
};

import { coversWorld } from "./read/cidr.ts";
import { specOf, title } from "./read/kubernetes.ts";
import { record, records, text } from "./read/value.ts";
import type { Rule } from "./rule.ts";

export const podIngress: Rule = {
  id: "K8S-014",
  name: "pod-ingress",
  title: "A network policy leaves ingress open",
  severity: "medium",
  frameworks: [],
  remediation: "Allow the router alone.",
  reads: "ingress",
  kinds: ["kubernetes:NetworkPolicy"],
  *resource(policy) {
    for (const rule of records(specOf(policy).ingress)) {
      const peers = [...records(rule.from)];
      const blocks = peers.map(({ ipBlock }) => text(record(ipBlock).cidr) ?? "");
      if (peers.length === 0 || coversWorld(blocks)) yield `The ${title(policy)} must not let everybody in.`;
    }
  },
};

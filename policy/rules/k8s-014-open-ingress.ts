import { type Block, coversWorld } from "./read/cidr.ts";
import { specOf, title } from "./read/kubernetes.ts";
import { isRecord, records, text, texts } from "./read/value.ts";
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
    const blocks: Block[] = [];
    for (const rule of records(specOf(policy).ingress)) {
      const peers = [...records(rule.from)];
      if (peers.length === 0) yield `The ${title(policy)} must not let everybody in.`;
      for (const { ipBlock } of peers)
        if (isRecord(ipBlock)) blocks.push({ cidr: text(ipBlock.cidr) ?? "", except: [...texts(ipBlock.except)] });
    }
    if (coversWorld(blocks)) yield `The ${title(policy)} must not let everybody in.`;
  },
};

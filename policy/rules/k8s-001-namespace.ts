import { metadataOf, namespaceOf } from "./read/kubernetes.ts";
import type { Rule } from "./rule.ts";

const shared = new Set(["default", "kube-system", "kube-public", "kube-node-lease"]);

export const ownNamespace: Rule = {
  id: "K8S-001",
  name: "own-namespace",
  title: "Pods run in a namespace that is everybody's or the cluster's own",
  severity: "medium",
  frameworks: [],
  remediation: "Give it a namespace of its own.",
  reads: "metadata.namespace",
  platforms: ["kubernetes"],
  *workload({ subject, title }) {
    if (subject.isPatch && metadataOf(subject).namespace === undefined) return;
    const namespace = namespaceOf(subject);
    if (shared.has(namespace)) yield `The ${title} must not be in the namespace ${namespace}.`;
  },
};

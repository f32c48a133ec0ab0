import { namespaceOf } from "./read/kubernetes.ts";
import { podPolicies } from "./read/network-policies.ts";
import { each, record } from "./read/value.ts";
import { workloadsOf } from "./read/workload.ts";
import { about, nist, type Rule } from "./rule.ts";

export const networkPolicy: Rule = {
  id: "K8S-012",
  name: "network-policy",
  title: "No network policy selects the pod",
  severity: "high",
  frameworks: [nist("4.3.3")],
  remediation: "Add a NetworkPolicy in its namespace.",
  reads: "the labels of pods; which pods network policies of Kubernetes, Cilium and Calico select",
  *stack(subjects) {
    const policies = podPolicies(subjects).filter(({ ingress, egress }) => ingress || egress);
    yield* each(subjects, function* (subject) {
      for (const { platform, metadata, title, extent } of workloadsOf(subject)) {
        if (platform !== "kubernetes" || extent !== "pod") continue;
        const pod = { namespace: namespaceOf(subject), labels: record(metadata.labels) };
        if (!policies.some((policy) => policy.selects(pod))) yield about(subject, `The ${title} must be selected by a NetworkPolicy.`);
      }
    });
  },
};

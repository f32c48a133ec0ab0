import { namespaceOf, selects, specOf } from "./read/kubernetes.ts";
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
  reads: "the labels of pods, podSelector of network policies",
  *stack(subjects) {
    const policies = subjects.filter(({ kind }) => kind === "kubernetes:NetworkPolicy");
    yield* each(subjects, function* (subject) {
      for (const { platform, metadata, title, extent } of workloadsOf(subject)) {
        if (platform !== "kubernetes" || extent !== "pod") continue;
        const labels = record(metadata.labels);
        const isSelected = policies.some(
          (policy) => namespaceOf(policy) === namespaceOf(subject) && selects(specOf(policy).podSelector, labels),
        );
        if (!isSelected) yield about(subject, `The ${title} must be selected by a NetworkPolicy.`);
      }
    });
  },
};

import { nameOf, namespaceOf } from "./read/kubernetes.ts";
import { about, type Rule } from "./rule.ts";

export const namespaceLimits: Rule = {
  id: "K8S-015",
  name: "namespace-limits",
  title: "The namespace has no quota or no default limits",
  severity: "low",
  frameworks: [],
  remediation: "Add a ResourceQuota and a LimitRange.",
  reads: "the stack's Namespaces, ResourceQuotas and LimitRanges",
  *stack(subjects) {
    for (const kind of ["ResourceQuota", "LimitRange"]) {
      const limits = subjects.filter((one) => one.kind === `kubernetes:${kind}`);
      for (const namespace of subjects)
        if (
          namespace.kind === "kubernetes:Namespace" &&
          !namespace.isPatch &&
          !limits.some((one) => namespaceOf(one) === nameOf(namespace))
        )
          yield about(namespace, `The namespace "${namespace.name}" must have a ${kind}.`);
    }
  },
};

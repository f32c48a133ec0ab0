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
    for (const namespace of subjects) {
      if (namespace.kind !== "kubernetes:Namespace") continue;
      for (const kind of ["ResourceQuota", "LimitRange"])
        if (!subjects.some((one) => one.kind === `kubernetes:${kind}` && namespaceOf(one) === nameOf(namespace)))
          yield about(namespace, `The namespace "${namespace.name}" must have a ${kind}.`);
    }
  },
};

import { namespaceOf, selects, specOf, title } from "./read/kubernetes.ts";
import { each, isRecord, list, number, record, text } from "./read/value.ts";
import { about, type Rule } from "./rule.ts";

const longRunning = ["kubernetes:Deployment", "kubernetes:StatefulSet"];

export const availability: Rule = {
  id: "K8S-027",
  name: "availability",
  title: "A service does not survive the loss of a node",
  severity: "low",
  frameworks: [],
  remediation: "Run two or more, spread them, replace them one by one, and add a PodDisruptionBudget.",
  reads: "replicas, strategy, affinity, topologySpreadConstraints, PodDisruptionBudgets",
  kinds: longRunning,
  *resource(service) {
    const spec = specOf(service);
    if (text(record(spec.strategy).type) === "Recreate") yield `The ${title(service)} must replace its pods one by one.`;
    if (service.isPatch || (number(spec.replicas) ?? 1) < 2) return;
    const pod = record(record(spec.template).spec);
    let isSpread = isRecord(record(pod.affinity).podAntiAffinity);
    for (const _ of list(pod.topologySpreadConstraints)) isSpread = true;
    if (!isSpread) yield `The ${title(service)} must spread its pods over nodes.`;
  },
  *stack(subjects) {
    const budgets = subjects.filter(({ kind }) => kind === "kubernetes:PodDisruptionBudget");
    yield* each(subjects, function* (service) {
      if (!longRunning.includes(service.kind) || service.isPatch) return;
      const spec = specOf(service);
      if ((number(spec.replicas) ?? 1) < 2) return;
      const labels = record(record(record(spec.template).metadata).labels);
      if (!budgets.some((budget) => namespaceOf(budget) === namespaceOf(service) && selects(specOf(budget).selector, labels)))
        yield about(service, `The ${title(service)} must have a PodDisruptionBudget.`);
    });
  },
};

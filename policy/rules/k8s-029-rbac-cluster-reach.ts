import { title } from "./read/kubernetes.ts";
import {
  bindingKinds,
  core,
  grants,
  isBoundInNamespaces,
  isClusterWide,
  particularRules,
  type Right,
  roleKinds,
  workloadRights,
  writing,
} from "./read/rbac.ts";
import type { Subject } from "./read/subject.ts";
import { each } from "./read/value.ts";
import { about, type Rule } from "./rule.ts";

type Reach = readonly [right: Right, verbs: readonly string[], why: string];

/** A namespace's own role may change its labels, which decide what pods may have there. */
const namespaces: Reach = [core("namespaces"), ["update", "patch"], "labels decide what pods may have"];

const clusterWide: readonly Reach[] = [
  [core("nodes"), ["update", "patch"], "labels and taints decide what runs where"],
  [core("nodes/status"), ["update", "patch"], "labels and taints decide what runs where"],
  [core("persistentvolumes"), ["create"], "a volume may be a folder of the node"],
  ...workloadRights.map((right): Reach => [right, writing, "a pod in any namespace takes any account and any secret there"]),
];

/** What a role may change of some things, one sentence for each reason against it. */
function* changed(role: Subject, reaches: readonly Reach[]): Iterable<string> {
  const byReason = new Map<string, Set<string>>();
  for (const rule of particularRules(role))
    for (const [right, verbs, why] of reaches)
      if (rule.names.length === 0 && grants(rule, right, verbs)) byReason.set(why, (byReason.get(why) ?? new Set()).add(right.resource));
  for (const [why, resources] of byReason) yield `The ${title(role)} must not change ${[...resources].join(", ")}: ${why}.`;
}

export const rbacClusterReach: Rule = {
  id: "K8S-029",
  name: "rbac-cluster-reach",
  title: "A role changes nodes, namespaces or the workloads of the whole cluster",
  severity: "high",
  frameworks: [],
  remediation: "Give a Role in each namespace that it works in, or name the objects in resourceNames.",
  reads: "rules, the bindings of the role in the same stack",
  kinds: roleKinds,
  *resource(role) {
    if (!isClusterWide(role)) for (const message of changed(role, [namespaces])) yield message;
  },
  // A role of the cluster that the stack binds in namespaces alone holds there alone.
  *stack(subjects) {
    const bindings = subjects.filter(({ kind }) => bindingKinds.some((one) => one === kind));
    const roles = subjects.filter(isClusterWide);
    yield* each(roles, function* (role) {
      const reaches = isBoundInNamespaces(role, bindings) ? [namespaces] : [namespaces, ...clusterWide];
      for (const message of changed(role, reaches)) yield about(role, message);
    });
  },
};

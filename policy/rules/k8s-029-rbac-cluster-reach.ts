import { title } from "./read/kubernetes.ts";
import { accessRules, core, grants, isClusterWide, type Right, roleKinds, workloadRights, writing } from "./read/rbac.ts";
import type { Rule } from "./rule.ts";

type Reach = readonly [right: Right, verbs: readonly string[], why: string];

/** A namespace's own role may change its labels, which decide what pods may have there. */
const namespaces: Reach = [core("namespaces"), ["update", "patch"], "labels decide what pods may have"];

const clusterWide: readonly Reach[] = [
  [core("nodes"), ["update", "patch"], "labels and taints decide what runs where"],
  [core("nodes/status"), ["update", "patch"], "labels and taints decide what runs where"],
  [core("persistentvolumes"), ["create"], "a volume may be a folder of the node"],
  ...workloadRights.map((right): Reach => [right, writing, "a pod in any namespace takes any account and any secret there"]),
];

export const rbacClusterReach: Rule = {
  id: "K8S-029",
  name: "rbac-cluster-reach",
  title: "A role changes nodes, namespaces or the workloads of the whole cluster",
  severity: "high",
  frameworks: [],
  remediation: "Give a Role in each namespace that it works in, or name the objects in resourceNames.",
  reads: "rules",
  kinds: roleKinds,
  *resource(role) {
    const byReason = new Map<string, Set<string>>();
    for (const rule of accessRules(role))
      for (const [right, verbs, why] of isClusterWide(role) ? [namespaces, ...clusterWide] : [namespaces])
        if (rule.names.length === 0 && grants(rule, right, verbs)) byReason.set(why, (byReason.get(why) ?? new Set()).add(right.resource));
    for (const [why, resources] of byReason) yield `The ${title(role)} must not change ${[...resources].join(", ")}: ${why}.`;
  },
};

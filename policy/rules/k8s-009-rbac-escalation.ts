import { title } from "./read/kubernetes.ts";
import {
  type AccessRule,
  accessRules,
  core,
  grants,
  isClusterWide,
  isOfCluster,
  isOfKubernetes,
  particularRules,
  type Right,
  roleKinds,
  workloadRights,
  writing,
} from "./read/rbac.ts";
import type { Rule } from "./rule.ts";

type Ladder = readonly [right: Right, verbs: readonly string[]];

const admission = [
  "mutatingwebhookconfigurations",
  "validatingwebhookconfigurations",
  "mutatingadmissionpolicies",
  "mutatingadmissionpolicybindings",
  "validatingadmissionpolicies",
  "validatingadmissionpolicybindings",
];

/** Resources through which a subject gets more rights than it was given. */
const anywhere: readonly Ladder[] = [[core("serviceaccounts/token"), ["create"]]];

/** Such resources that are in no namespace, so that the role of one gives nothing on them. */
const clusterWide: readonly Ladder[] = [
  [core("nodes/proxy"), ["get", ...writing]],
  [{ group: "certificates.k8s.io", resource: "certificatesigningrequests/approval" }, writing],
  ...admission.map((resource): Ladder => [{ group: "admissionregistration.k8s.io", resource }, writing]),
  [{ group: "apiregistration.k8s.io", resource: "apiservices" }, writing],
];

const signers: Ladder = [{ group: "certificates.k8s.io", resource: "signers" }, ["approve", "sign"]];

/**
 * The verbs that give rights away, which an added API may use for something of its own. Roles that are named, and are no
 * administrator's, are a limit to them.
 */
function giving(rule: AccessRule): string[] {
  if (!isOfKubernetes(rule)) return [];
  const { verbs, names } = rule;
  const isLimited = names.length > 0 && !names.some((name) => /^(cluster-admin|admin|edit|system:.*)$/.test(name));
  return ["escalate", "bind", "impersonate"].filter((verb) => verbs.includes(verb) && !(verb === "bind" && isLimited));
}

/** Who signs for the API server makes anybody's certificate. Signers of others are named. */
const signsForCluster = (rule: AccessRule): boolean =>
  grants(rule, ...signers) && (rule.names.length === 0 || rule.names.some((name) => /^(\*|kubernetes\.io\/)/.test(name)));

export const rbacEscalation: Rule = {
  id: "K8S-009",
  name: "rbac-escalation",
  title: "A role can give itself more rights",
  severity: "critical",
  frameworks: [],
  remediation: "Remove it.",
  reads: "rules, metadata.namespace",
  kinds: roleKinds,
  *resource(role) {
    const isWide = isClusterWide(role);
    const ladders = isWide ? [...anywhere, ...clusterWide] : anywhere;
    const [verbs, ways, workloads] = [new Set<string>(), new Set<string>(), new Set<string>()];
    for (const rule of accessRules(role)) for (const verb of giving(rule)) verbs.add(verb);
    for (const rule of particularRules(role)) {
      for (const [right, own] of ladders) if (rule.names.length === 0 && grants(rule, right, own)) ways.add(right.resource);
      if (isWide && signsForCluster(rule)) ways.add("signers");
      if (isWide || !isOfCluster(role) || rule.names.length > 0) continue;
      for (const right of workloadRights) if (grants(rule, right, writing)) workloads.add(right.resource);
    }
    const all = (words: ReadonlySet<string>) => [...words].join(", ");
    if (verbs.size > 0) yield `The ${title(role)} must not have the verb${verbs.size > 1 ? "s" : ""} ${all(verbs)}.`;
    if (ways.size > 0) yield `The ${title(role)} must not have ${all(ways)}.`;
    if (workloads.size > 0) yield `The ${title(role)} must not start pods in the cluster's own namespace (${all(workloads)}).`;
  },
};

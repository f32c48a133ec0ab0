import { title } from "./read/kubernetes.ts";
import { type AccessRule, accessRules, isOfEverything, isOfKubernetes, roleKinds } from "./read/rbac.ts";
import { entries, type Props, record, records, text } from "./read/value.ts";
import { advice, type Found, graded, nist, type Rule } from "./rule.ts";

/** Resources of Kubernetes itself on which all verbs are no more than their controllers need. */
const modest =
  /^(configmaps|endpoints|endpointslices|events|horizontalpodautoscalers|ingressclasses|ingresses|leases|limitranges|networkpolicies|persistentvolumeclaims|poddisruptionbudgets|priorityclasses|resourcequotas|services)(\/(status|finalizers|scale))?$/;

const reading = new Set(["get", "list", "watch"]);

/** How grave a wildcard is, by what there is behind it. */
function wildcard(rule: AccessRule, message: string): Found {
  const { groups, resources, verbs, paths } = rule;
  if (paths.length > 0) return message;
  if (!isOfKubernetes(rule)) {
    const readsOnly = verbs.every((verb) => reading.has(verb)) || groups.every((group) => /(^|\.)metrics\.k8s\.io$/.test(group));
    return readsOnly ? advice(message) : graded("medium", message);
  }
  const isModest = (resource: string) => /^[^/]+\/(scale|finalizers)$/.test(resource) || (!groups.includes("*") && modest.test(resource));
  return resources.every(isModest) ? graded("medium", message) : message;
}

const isWildcard = (value: string): boolean => /^(\*|\*\/\*|\/\*)$/.test(value);

/** What a rule holds for all of, in one sentence: it is one line to mend. */
function* inRule(rule: AccessRule, name: string): Iterable<Found> {
  const { verbs, resources, groups, paths } = rule;
  if (isOfEverything(rule)) {
    if (verbs.includes("*")) yield `The ${name} must not allow everything, and so what K8S-007, K8S-008, K8S-009 and K8S-029 are about.`;
    else yield `The ${name} must not allow ${verbs.join(", ")} on everything.`;
    return;
  }
  const all = Object.entries({ verbs, resources, apiGroups: groups, nonResourceURLs: paths }).flatMap(([what, values]) =>
    values.some(isWildcard) ? [what] : [],
  );
  if (all.length > 0) yield wildcard(rule, `The ${name} must not allow all ${all.join(", ")}.`);
}

/** Whether a selector of roles meets every one, or the cluster's own, one of which may do everything. */
function meetsAdministrator({ matchLabels, matchExpressions }: Props): boolean {
  const keys = [...entries(matchLabels)].map(([key]) => key);
  for (const { key, operator } of records(matchExpressions)) if (/^(In|Exists)$/.test(text(operator) ?? "")) keys.push(text(key) ?? "");
  return keys.every((key) => key === "kubernetes.io/bootstrapping");
}

export const rbacWildcard: Rule = {
  id: "K8S-006",
  name: "rbac-wildcard",
  title: "A role allows everything of a kind",
  severity: "critical",
  also: ["medium", "low"],
  frameworks: [nist("4.3.1")],
  remediation: "List what it needs.",
  reads: "rules, aggregationRule",
  kinds: roleKinds,
  *resource(role) {
    for (const rule of accessRules(role)) yield* inRule(rule, title(role));
    for (const selector of records(record(role.props.aggregationRule).clusterRoleSelectors)) {
      const message = `The ${title(role)} must not gather rules from other roles.`;
      yield meetsAdministrator(selector) ? message : graded("medium", message);
    }
  },
};

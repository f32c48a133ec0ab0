import { title } from "./read/kubernetes.ts";
import { type AccessRule, accessRules, isOfKubernetes, roleKinds } from "./read/rbac.ts";
import { record, records } from "./read/value.ts";
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
  const isModest = !groups.includes("*") && resources.every((resource) => modest.test(resource));
  return isModest ? graded("medium", message) : message;
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
    for (const rule of accessRules(role)) {
      const { verbs, resources, groups, paths } = rule;
      for (const [what, values] of Object.entries({ verbs, resources, apiGroups: groups, nonResourceURLs: paths }))
        if (values.some((value) => /^(\*|\*\/\*|\/\*)$/.test(value)))
          yield wildcard(rule, `The ${title(role)} must not allow all ${what}.`);
    }
    for (const _ of records(record(role.props.aggregationRule).clusterRoleSelectors))
      yield `The ${title(role)} must not gather rules from other roles.`;
  },
};

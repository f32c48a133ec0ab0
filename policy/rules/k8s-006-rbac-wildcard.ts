import { accessRules, roleKinds, title } from "./read/kubernetes.ts";
import { record, records } from "./read/value.ts";
import { nist, type Rule } from "./rule.ts";

export const rbacWildcard: Rule = {
  id: "K8S-006",
  name: "rbac-wildcard",
  title: "A role allows everything of a kind",
  severity: "critical",
  frameworks: [nist("4.3.1")],
  remediation: "List what it needs.",
  reads: "rules, aggregationRule",
  kinds: roleKinds,
  *resource(role) {
    for (const { verbs, resources, groups, paths } of accessRules(role))
      for (const [what, values] of Object.entries({ verbs, resources, apiGroups: groups, nonResourceURLs: paths }))
        if (values.includes("*")) yield `The ${title(role)} must not allow all ${what}.`;
    for (const _ of records(record(role.props.aggregationRule).clusterRoleSelectors))
      yield `The ${title(role)} must not gather rules from other roles.`;
  },
};

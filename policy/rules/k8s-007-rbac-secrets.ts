import { title } from "./read/kubernetes.ts";
import { core, grants, particularRules, roleKinds } from "./read/rbac.ts";
import { nist, type Rule } from "./rule.ts";

export const rbacSecrets: Rule = {
  id: "K8S-007",
  name: "rbac-secrets",
  title: "A role reads all secrets",
  severity: "high",
  frameworks: [nist("4.3.1")],
  remediation: "Name the secrets in resourceNames.",
  reads: "rules",
  kinds: roleKinds,
  *resource(role) {
    for (const rule of particularRules(role))
      if (rule.names.length === 0 && grants(rule, core("secrets"), ["get", "list", "watch"]))
        yield `The ${title(role)} must not read secrets that it does not name.`;
  },
};

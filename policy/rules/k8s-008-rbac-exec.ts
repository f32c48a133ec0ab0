import { title } from "./read/kubernetes.ts";
import { accessRules, core, grants, roleKinds } from "./read/rbac.ts";
import type { Rule } from "./rule.ts";

const ways = ["pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers", "pods/proxy", "services/proxy"];

export const rbacExec: Rule = {
  id: "K8S-008",
  name: "rbac-exec",
  title: "A role enters other pods",
  severity: "high",
  frameworks: [],
  remediation: "Remove it.",
  reads: "rules",
  kinds: roleKinds,
  *resource(role) {
    for (const rule of accessRules(role))
      for (const way of ways)
        if (grants(rule, core(way), ["create", "get", "update", "patch"])) yield `The ${title(role)} must not allow ${way}.`;
  },
};

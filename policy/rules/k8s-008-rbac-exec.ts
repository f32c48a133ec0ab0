import { title } from "./read/kubernetes.ts";
import { core, grants, particularRules, roleKinds } from "./read/rbac.ts";
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
  // One sentence for each role: a wildcard is one line to mend, however much it opens.
  *resource(role) {
    const open = ways.filter((way) =>
      [...particularRules(role)].some((rule) => grants(rule, core(way), ["create", "get", "update", "patch"])),
    );
    if (open.length > 0) yield `The ${title(role)} must not allow ${open.join(", ")}.`;
  },
};

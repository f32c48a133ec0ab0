import { type AccessRule, accessRules, grants, namespaceOf, roleKinds, title } from "./read/kubernetes.ts";
import type { Rule } from "./rule.ts";

const write = ["create", "update", "patch"];

/** Resources through which a subject gets more rights than it was given. */
const ladders: readonly (readonly [resource: string, verbs: readonly string[]])[] = [
  ["serviceaccounts/token", ["create"]],
  ["nodes/proxy", ["get", ...write]],
  ["certificatesigningrequests/approval", write],
  ["signers", ["approve", "sign"]],
  ["mutatingwebhookconfigurations", write],
  ["validatingwebhookconfigurations", write],
];

const giving = (rule: AccessRule) => ["escalate", "bind", "impersonate"].filter((verb) => rule.verbs.includes(verb));

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
    for (const rule of accessRules(role)) {
      for (const verb of giving(rule)) yield `The ${title(role)} must not have the verb ${verb}.`;
      for (const [resource, verbs] of ladders) if (grants(rule, resource, verbs)) yield `The ${title(role)} must not have ${resource}.`;
      if (namespaceOf(role) === "kube-system" && grants(rule, "pods", ["create"]))
        yield `The ${title(role)} must not create pods in kube-system.`;
    }
  },
};

import type { Rule } from "./rule.ts";

/** Inputs on which other rules stand. */
const secured =
  /^(\*|privileged|readOnly|user|capabilities|securityOpts|networkMode|networksAdvanced|pidMode|ipcMode|usernsMode|mounts|volumes|devices|envs|ports|memory|memorySwap|cpus|ulimits|image|internal|options|driverOpts|taskSpec|containerDefinitions|spec|rules|subjects|roleRef|policy|assumeRolePolicy|inlinePolicies|managedPolicyArns|ingress|egress|encrypted|kmsKeyId|networkConfiguration|posixUser|rootDirectory)(\.|\[|$)/;

export const ignoredChanges: Rule = {
  id: "GEN-004",
  name: "ignored-changes",
  title: "Changes of a security property are ignored",
  severity: "medium",
  frameworks: [],
  remediation: "Take it out of ignoreChanges: what was loosened by hand would stay.",
  reads: "the option ignoreChanges",
  *resource({ resource, name }) {
    for (const property of resource.ignoreChanges ?? [])
      if (secured.test(property)) yield `The resource "${name}" must not ignore changes of ${property}.`;
  },
};

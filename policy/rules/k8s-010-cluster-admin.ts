import { bindingKinds, title } from "./read/kubernetes.ts";
import { record, text } from "./read/value.ts";
import { graded, type Rule } from "./rule.ts";

export const clusterAdmin: Rule = {
  id: "K8S-010",
  name: "cluster-admin",
  title: "An administrator's role is bound",
  severity: "critical",
  also: ["medium"],
  frameworks: [],
  remediation: "Bind a role that holds what is needed.",
  reads: "roleRef",
  kinds: bindingKinds,
  *resource(binding) {
    const role = text(record(binding.props.roleRef).name);
    if (role === "cluster-admin") yield `The ${title(binding)} must not bind cluster-admin.`;
    if (role === "admin" || role === "edit") yield graded("medium", `The ${title(binding)} must not bind ${role}.`);
  },
};

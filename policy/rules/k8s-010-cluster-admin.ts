import { title } from "./read/kubernetes.ts";
import { bindingKinds } from "./read/rbac.ts";
import { record, text } from "./read/value.ts";
import { graded, type Rule } from "./rule.ts";

/** Roles of the cluster's own controllers and nodes. Those that any account may have, and those of add-ons, are not among them. */
const ofCluster =
  /^system:(controller:.*|kube-.*|node|node-bootstrapper|node-proxier|volume-scheduler|persistent-volume-provisioner|aggregate-to-(admin|edit)|certificates\.k8s\.io:.*)$/;

export const clusterAdmin: Rule = {
  id: "K8S-010",
  name: "cluster-admin",
  title: "The role of an administrator or of the cluster itself is bound",
  severity: "critical",
  also: ["high", "medium"],
  frameworks: [],
  remediation: "Bind a role that holds what is needed.",
  reads: "roleRef",
  kinds: bindingKinds,
  *resource(binding) {
    const { kind, name } = record(binding.props.roleRef);
    // A role of a namespace may have any name.
    if ((text(kind) ?? "ClusterRole") === "Role") return;
    const role = text(name);
    if (role === "cluster-admin") yield `The ${title(binding)} must not bind cluster-admin.`;
    if (ofCluster.test(role ?? "")) yield graded("high", `The ${title(binding)} must not bind ${role}, a role of the cluster itself.`);
    if (role === "admin" || role === "edit") yield graded("medium", `The ${title(binding)} must not bind ${role}.`);
  },
};

import { title } from "./read/kubernetes.ts";
import { bindingKinds } from "./read/rbac.ts";
import { flag, records, text } from "./read/value.ts";
import type { Rule } from "./rule.ts";

export const defaultServiceAccount: Rule = {
  id: "K8S-004",
  name: "default-service-account",
  title: "The namespace's default service account is used or bound",
  severity: "medium",
  frameworks: [],
  remediation: "Give it a service account of its own.",
  reads: "serviceAccountName, subjects of bindings",
  kinds: bindingKinds,
  admission: {
    expression:
      '(has(object.spec.automountServiceAccountToken) && !object.spec.automountServiceAccountToken) || (has(object.spec.serviceAccountName) && !(object.spec.serviceAccountName in ["", "default"]))',
    message: "The pod must have a service account of its own, or none of its token.",
  },
  platforms: ["kubernetes"],
  *workload({ spec, title: pod }) {
    // An account whose token is not there gives nothing.
    if (flag(spec.automountServiceAccountToken) === false) return;
    const account = text(spec.serviceAccountName) ?? text(spec.serviceAccount) ?? "default";
    if (account === "default" || account === "") yield `The ${pod} must have a service account of its own.`;
  },
  *resource(binding) {
    for (const subject of records(binding.props.subjects))
      if (text(subject.kind) === "ServiceAccount" && text(subject.name) === "default")
        yield `The ${title(binding)} must not bind a default service account.`;
  },
};

import { title } from "./read/kubernetes.ts";
import { bindingKinds } from "./read/rbac.ts";
import { records, text } from "./read/value.ts";
import type { Rule } from "./rule.ts";

const everybody = /^system:(anonymous|unauthenticated|authenticated|masters|serviceaccounts(:.*)?)$/;

export const universalSubject: Rule = {
  id: "K8S-011",
  name: "universal-subject",
  title: "A role is bound to everybody",
  severity: "critical",
  frameworks: [],
  remediation: "Name whom it is for.",
  reads: "subjects",
  kinds: bindingKinds,
  *resource(binding) {
    for (const subject of records(binding.props.subjects)) {
      const name = text(subject.name) ?? "";
      if (everybody.test(name)) yield `The ${title(binding)} must not bind ${name}.`;
    }
  },
};

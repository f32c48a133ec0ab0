import { flag } from "./read/value.ts";
import type { Rule } from "./rule.ts";

export const sharedProcesses: Rule = {
  id: "K8S-021",
  name: "shared-processes",
  title: "Containers of the pod see each other's processes",
  severity: "medium",
  frameworks: [],
  remediation: "Remove shareProcessNamespace: the secrets of one container can be read by the others.",
  reads: "shareProcessNamespace",
  admission: {
    expression: "!(has(object.spec.shareProcessNamespace) && object.spec.shareProcessNamespace)",
    message: "The containers of the pod must not share their processes.",
  },
  platforms: ["kubernetes"],
  *workload({ spec, title }) {
    if (flag(spec.shareProcessNamespace) === true) yield `The ${title} must not share processes between its containers.`;
  },
};

import { records, text } from "./read/value.ts";
import type { Rule } from "./rule.ts";

export const placement: Rule = {
  id: "K8S-025",
  name: "placement",
  title: "The pod places itself where it should not",
  severity: "medium",
  frameworks: [],
  remediation: "Leave the choice to the scheduler.",
  reads: "nodeName, tolerations, priorityClassName",
  platforms: ["kubernetes"],
  *workload({ spec, title }) {
    if (text(spec.nodeName)) yield `The ${title} must not name its node.`;
    if (/^system-/.test(text(spec.priorityClassName) ?? "")) yield `The ${title} must not have a priority of the system.`;
    for (const toleration of records(spec.tolerations)) {
      const key = text(toleration.key) ?? "";
      if (/^node-role\.kubernetes\.io\/(control-plane|master)$/.test(key) || (key === "" && text(toleration.operator) === "Exists"))
        yield `The ${title} must not tolerate the control plane.`;
    }
  },
};

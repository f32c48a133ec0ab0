import { text } from "./read/value.ts";
import type { Rule } from "./rule.ts";

export const joinedNamespace: Rule = {
  id: "CTR-039",
  name: "joined-namespace",
  title: "Container joins another container's namespace",
  severity: "medium",
  frameworks: [],
  remediation: "Give it namespaces of its own.",
  reads: "networkMode, pidMode, ipcMode",
  platforms: ["docker"],
  *workload({ spec, title }) {
    for (const mode of ["networkMode", "pidMode", "ipcMode"])
      if (/^container:/i.test(text(spec[mode]) ?? "")) yield `The ${title} must not join another container's namespace (${mode}).`;
  },
};

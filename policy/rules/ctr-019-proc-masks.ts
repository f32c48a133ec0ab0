import { securityOptions } from "./read/security-options.ts";
import { text } from "./read/value.ts";
import { securityContext } from "./read/workload.ts";
import { pss, type Rule } from "./rule.ts";

export const procMasks: Rule = {
  id: "CTR-019",
  name: "proc-masks",
  title: "Kernel interfaces are not masked",
  severity: "high",
  frameworks: [pss("baseline")],
  remediation: "Remove the option: the masks keep kernel settings out of reach.",
  reads: "securityOpts, securityContext.procMount, dockerSecurityOptions",
  *container(container) {
    if (container.platform === "kubernetes" && (text(securityContext(container).procMount) ?? "Default") !== "Default")
      yield `The ${container.title} must keep the default mount of /proc.`;
    for (const { name, value } of securityOptions(container)) {
      if (name === "systempaths" && value?.toLowerCase() === "unconfined") yield `The ${container.title} must keep system paths masked.`;
      if (name === "writable-cgroups" && value?.toLowerCase() !== "false") yield `The ${container.title} must not write to cgroups.`;
    }
  },
};

import { flag, text } from "./read/value.ts";
import { cis, fsbp, pss, type Rule } from "./rule.ts";

export const hostProcesses: Rule = {
  id: "CTR-009",
  name: "host-processes",
  title: "Container shares the host's process namespace",
  severity: "high",
  frameworks: [cis("5.16"), pss("baseline"), fsbp("ECS.3")],
  remediation: "Remove the host's process namespace.",
  reads: "pidMode, hostPID",
  *workload({ platform, spec, title }) {
    const usesHost = platform === "kubernetes" ? flag(spec.hostPID) === true : text(spec.pidMode)?.toLowerCase() === "host";
    if (usesHost) yield `The ${title} must not share the host's process namespace.`;
  },
};

import { flag, type Props, record } from "./read/value.ts";
import { podSecurityContext, securityContext } from "./read/workload.ts";
import { pss, type Rule } from "./rule.ts";

const isHostProcess = (context: Props): boolean => flag(record(context.windowsOptions).hostProcess) === true;

export const hostProcess: Rule = {
  id: "K8S-017",
  name: "host-process",
  title: "A Windows container runs on the host",
  severity: "high",
  frameworks: [pss("baseline")],
  remediation: "Remove hostProcess.",
  reads: "securityContext.windowsOptions",
  platforms: ["kubernetes"],
  *container(container) {
    if (isHostProcess(securityContext(container))) yield `The ${container.title} must not be a process of the host.`;
  },
  *workload(workload) {
    if (isHostProcess(podSecurityContext(workload))) yield `The ${workload.title} must not be a process of the host.`;
  },
};

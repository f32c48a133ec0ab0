import { securityOptions } from "./read/security-options.ts";
import { flag, record, text } from "./read/value.ts";
import { type Container, podSecurityContext, securityContext } from "./read/workload.ts";
import { cis, pss, type Rule } from "./rule.ts";

/** Types that Pod Security Standards leave to a pod. */
const containerTypes = new Set(["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"]);

function isOff(container: Container): boolean {
  const { platform, spec } = container;
  if (platform === "swarm") return flag(record(record(spec.privileges).seLinuxContext).disable) === true;
  if (platform === "kubernetes") {
    for (const context of [securityContext(container), podSecurityContext(container.workload)]) {
      const { type, user, role } = record(context.seLinuxOptions);
      if (!containerTypes.has(text(type) ?? "") || text(user) || text(role)) return true;
    }
    return false;
  }
  for (const { name, value = "" } of securityOptions(container)) {
    if (name === "disable" || (name === "label" && value.toLowerCase() === "disable")) return true;
    const type = /^type:(.*)$/.exec(name === "label" ? value : "")?.[1];
    if (type !== undefined && !containerTypes.has(type.trim())) return true;
  }
  return false;
}

export const seLinux: Rule = {
  id: "CTR-018",
  name: "selinux",
  title: "SELinux does not separate the container",
  severity: "medium",
  frameworks: [cis("5.3"), pss("baseline")],
  remediation: "Remove the option.",
  reads: "securityOpts, privileges.seLinuxContext, securityContext.seLinuxOptions, dockerSecurityOptions",
  *container(container) {
    if (isOff(container)) yield `The ${container.title} must keep its SELinux separation.`;
  },
};

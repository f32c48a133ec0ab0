import { securityOptions } from "./read/security-options.ts";
import { flag } from "./read/value.ts";
import { type Container, onFargate, onWindows, securityContext } from "./read/workload.ts";
import { advice, cis, type Found, owasp, pss, type Rule } from "./rule.ts";

/** The spellings that the engine takes for true; a bare option is true as well. */
const isTrue = /^(1|t|T|TRUE|true|True)$/;

function* fromOptions(container: Container): Iterable<Found> {
  let set = false;
  for (const { name, value } of securityOptions(container)) {
    if (name !== "no-new-privileges") continue;
    set = value === undefined || isTrue.test(value);
    if (!set) break;
  }
  if (!set) yield `The ${container.title} must set the security option no-new-privileges:true.`;
}

export const noNewPrivileges: Rule = {
  id: "CTR-002",
  name: "no-new-privileges",
  title: "Privilege escalation is possible",
  severity: "high",
  also: ["low"],
  frameworks: [cis("5.26"), pss("restricted"), owasp("4")],
  remediation: "Set no-new-privileges:true (Kubernetes: allowPrivilegeEscalation: false).",
  reads: "securityOpts, securityContext.allowPrivilegeEscalation, dockerSecurityOptions",
  automatic: true,
  *container(container) {
    if (container.platform === "swarm")
      yield advice(`The ${container.title} must run on engines with "no-new-privileges": true, for a service cannot say it.`);
    else if (container.platform === "kubernetes") {
      if (!onWindows(container.workload) && flag(securityContext(container).allowPrivilegeEscalation) !== false)
        yield `The ${container.title} must set allowPrivilegeEscalation to false.`;
    } else if (!onFargate(container.workload)) yield* fromOptions(container);
  },
};

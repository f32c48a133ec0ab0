import { addedCapabilities } from "./read/capabilities.ts";
import { cis, graded, owasp, pss, type Rule } from "./rule.ts";

export const dangerousCapabilities: ReadonlySet<string> = new Set([
  "SYS_ADMIN",
  "SYS_MODULE",
  "SYS_RAWIO",
  "SYS_PTRACE",
  "DAC_OVERRIDE",
  "DAC_READ_SEARCH",
  "SYS_TIME",
  "ALL",
]);

export const dangerousCapability: Rule = {
  id: "CTR-003",
  name: "dangerous-capability",
  title: "A dangerous capability is added",
  severity: "high",
  also: ["critical"],
  frameworks: [cis("5.4"), pss("baseline"), owasp("3")],
  remediation: "Remove the capability; a tool that needs it belongs in a container of its own, outside the agent.",
  reads: "capabilities.adds, capAdds, securityContext.capabilities.add, linuxParameters.capabilities.add",
  *container(container) {
    for (const capability of addedCapabilities(container)) {
      if (!dangerousCapabilities.has(capability)) continue;
      const message = `The ${container.title} must not add the capability ${capability}.`;
      yield capability === "ALL" ? graded("critical", message) : message;
    }
  },
};

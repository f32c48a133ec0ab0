import { dangerousCapabilities } from "./ctr-003-dangerous-capability.ts";
import { addedCapabilities } from "./read/capabilities.ts";
import { cis, graded, pss, type Rule } from "./rule.ts";

/** Allowed: it only lets a process listen below port 1024. */
const harmless = "NET_BIND_SERVICE";

/** Control over the network, the kernel or other identities. */
const powerful = /^(NET_ADMIN|NET_RAW|BPF|PERFMON|SYS_BOOT|MAC_.*|SYSLOG|SETPCAP|SETFCAP|MKNOD|CHECKPOINT_RESTORE|LINUX_IMMUTABLE)$/;

export const addedCapability: Rule = {
  id: "CTR-004",
  name: "added-capability",
  title: "A capability is added",
  severity: "high",
  also: ["medium"],
  frameworks: [cis("5.4"), pss("restricted")],
  remediation: "Add nothing but NET_BIND_SERVICE.",
  reads: "capabilities.adds, capAdds, securityContext.capabilities.add, linuxParameters.capabilities.add",
  *container(container) {
    for (const capability of addedCapabilities(container)) {
      if (capability === harmless || dangerousCapabilities.has(capability)) continue;
      const message = `The ${container.title} must not add the capability ${capability}.`;
      yield powerful.test(capability) ? message : graded("medium", message);
    }
  },
};

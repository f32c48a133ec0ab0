import { capability, droppedCapabilities } from "./read/capabilities.ts";
import { onWindows } from "./read/workload.ts";
import { cis, pss, type Rule } from "./rule.ts";

export const capabilitiesDropped: Rule = {
  id: "CTR-005",
  name: "capabilities-dropped",
  title: "Not all capabilities are dropped",
  severity: "medium",
  frameworks: [cis("5.4"), pss("restricted")],
  remediation: "Drop ALL and add back what is needed.",
  reads: "capabilities.drops, capDrops, securityContext.capabilities.drop, linuxParameters.capabilities.drop",
  automatic: true,
  *container(container) {
    if (onWindows(container.workload)) return;
    // Pod Security admission compares the word as it is written.
    const exactly = container.platform === "kubernetes";
    for (const dropped of droppedCapabilities(container)) if ((exactly ? dropped : capability(dropped)) === "ALL") return;
    yield `The ${container.title} must drop ${exactly ? '"ALL"' : "all"} capabilities.`;
  },
};

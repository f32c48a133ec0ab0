import { record, records, text } from "./read/value.ts";
import type { Container } from "./read/workload.ts";
import { cis, graded, type Rule } from "./rule.ts";

/** As Docker names it, on every platform. */
function* propagations(container: Container): Iterable<string> {
  const { platform, spec } = container;
  if (platform === "docker" || platform === "swarm")
    for (const mount of records(spec.mounts)) yield text(record(mount.bindOptions).propagation)?.toLowerCase() ?? "";
  if (platform !== "kubernetes") return;
  for (const mount of records(spec.volumeMounts)) {
    const propagation = text(mount.mountPropagation);
    yield propagation === "Bidirectional" ? "rshared" : propagation === "HostToContainer" ? "rslave" : "";
  }
}

export const mountPropagation: Rule = {
  id: "CTR-014",
  name: "mount-propagation",
  title: "Mounts propagate between host and container",
  severity: "high",
  also: ["low"],
  frameworks: [cis("5.20")],
  remediation: "Leave mount propagation private.",
  reads: "mounts[].bindOptions.propagation, volumeMounts[].mountPropagation",
  automatic: true,
  *container(container) {
    for (const propagation of propagations(container)) {
      if (/^r?shared$/.test(propagation)) yield `The ${container.title} must not share mounts with the host.`;
      if (/^r?slave$/.test(propagation)) yield graded("low", `The ${container.title} must not receive the host's mounts.`);
    }
  },
};

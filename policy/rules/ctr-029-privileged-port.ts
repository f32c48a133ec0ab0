import { isPublic, publicContainers, publicPorts } from "./ctr-028-open-port.ts";
import { publishedPorts } from "./read/ports.ts";
import { number, records } from "./read/value.ts";
import { containersOf, type Workload } from "./read/workload.ts";
import { cis, type Rule } from "./rule.ts";

function* hostPorts(workload: Workload): Iterable<number> {
  for (const { external } of publishedPorts(workload)) if (external !== undefined) yield external;
  if (workload.platform !== "kubernetes") return;
  for (const container of containersOf(workload)) for (const port of records(container.spec.ports)) yield number(port.hostPort) ?? 0;
}

export const privilegedPort: Rule = {
  id: "CTR-029",
  name: "privileged-port",
  title: "A privileged port of the host is taken",
  severity: "low",
  frameworks: [cis("5.8")],
  remediation: "Use a port above 1023; 80 and 443 are for the reverse proxy.",
  reads: "ports[].external, endpointSpec.ports[].publishedPort, hostPort",
  settings: { publicContainers },
  platforms: ["docker", "swarm", "kubernetes"],
  *workload(workload, settings) {
    for (const port of hostPorts(workload)) {
      if (port <= 0 || port >= 1024 || (publicPorts.has(port) && isPublic(workload, settings))) continue;
      yield `The ${workload.title} must not take the host's port ${port}.`;
    }
  },
};

import { onEveryInterface, type PublishedPort, publishedPorts } from "./read/ports.ts";
import { flag, texts } from "./read/value.ts";
import type { Workload } from "./read/workload.ts";
import { cis, graded, owasp, type Rule, type Settings } from "./rule.ts";

/** Ports that a public entrance may take. */
export const publicPorts: ReadonlySet<number | undefined> = new Set([80, 443]);

/** Whether a workload is named as the entrance that everybody may reach. */
export function isPublic(workload: Workload, settings: Settings): boolean {
  return [...texts(settings.publicContainers)].includes(workload.subject.name);
}

export const publicContainers = {
  type: "array",
  items: { type: "string" },
  description: "Names of the resources that may publish 80 and 443 to everybody: the reverse proxy.",
  default: [],
} as const;

/** Whether everybody may reach a port that is not the entrance's. */
export function isOpen(workload: Workload, port: PublishedPort, settings: Settings): boolean {
  return onEveryInterface(port) && !(isPublic(workload, settings) && publicPorts.has(port.external));
}

export const openPort: Rule = {
  id: "CTR-028",
  name: "open-port",
  title: "A port is open on all interfaces",
  severity: "high",
  also: ["medium"],
  frameworks: [cis("5.14"), cis("7.2"), owasp("5a")],
  remediation: "Bind it to 127.0.0.1; only the reverse proxy is public.",
  reads: "ports, publishAllPorts, endpointSpec.ports",
  automatic: true,
  settings: { publicContainers },
  platforms: ["docker", "swarm"],
  *workload(workload, settings) {
    const { platform, spec, title } = workload;
    for (const port of publishedPorts(workload)) {
      if (!isOpen(workload, port, settings)) continue;
      const message = `The ${title} must publish port ${port.internal} on 127.0.0.1 and not on every interface.`;
      yield platform === "swarm"
        ? graded("medium", `The ${title} must not publish port ${port.internal}: a service's port is open on every interface.`)
        : message;
    }
    if (platform === "docker" && flag(spec.publishAllPorts) === true) yield `The ${title} must not publish all ports of its image.`;
  },
};

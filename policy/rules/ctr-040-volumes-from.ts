import { records, text } from "./read/value.ts";
import type { Rule } from "./rule.ts";

export const volumesFrom: Rule = {
  id: "CTR-040",
  name: "volumes-from",
  title: "Container takes all volumes of another",
  severity: "medium",
  frameworks: [],
  remediation: "Mount the named volumes that are needed.",
  reads: "volumes[].fromContainer, volumesFrom",
  platforms: ["docker", "ecs"],
  *container({ platform, spec, title }) {
    const sources = platform === "docker" ? spec.volumes : spec.volumesFrom;
    for (const volume of records(sources))
      if (text(volume.fromContainer) || text(volume.sourceContainer)) yield `The ${title} must not take the volumes of another container.`;
  },
};

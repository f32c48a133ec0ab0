import { holdsMetadata } from "./read/cidr.ts";
import { list, records, text } from "./read/value.ts";
import type { Rule } from "./rule.ts";

/** The metadata services, and the engine's own word for the host. */
const isForbidden = (address: string): boolean => /^host-gateway$/i.test(address) || holdsMetadata(address);

export const hostAlias: Rule = {
  id: "CTR-045",
  name: "host-alias",
  title: "A name leads to the host or to the metadata service",
  severity: "medium",
  frameworks: [],
  remediation: "Remove it.",
  reads: "hosts, hostAliases, extraHosts",
  *workload({ platform, spec, title }) {
    if (platform !== "kubernetes") return;
    for (const _ of list(spec.hostAliases)) {
      yield `The ${title} must not have host aliases.`;
      return;
    }
  },
  *container({ platform, spec, title }) {
    if (platform === "kubernetes") return;
    for (const host of records(platform === "ecs" ? spec.extraHosts : spec.hosts))
      if (isForbidden((text(host.ip) ?? text(host.ipAddress) ?? "").trim()))
        yield `The ${title} must not have a name for the host or the metadata service.`;
  },
};

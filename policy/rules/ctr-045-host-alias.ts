import { baseline } from "../baseline.ts";
import { holdsMetadata } from "./read/cidr.ts";
import { type Props, records, text, texts, Unknown } from "./read/value.ts";
import type { Rule } from "./rule.ts";

/** The metadata services, and the engine's own word for the host. */
const isForbidden = (address: string): boolean => /^host-gateway$/i.test(address) || holdsMetadata(address);

/** By which a session without the cluster's names finds its own proxies, and what hands out its repositories. */
const ofProxies: readonly string[] = ["egress-proxy", "credential-proxy"];
const ofRepositories = "repository-";
const isOwn = (name: string): boolean => ofProxies.includes(name) || name.startsWith(ofRepositories);

/** The address of a proxy that the same deployment makes is known only after that. */
function addressOf(alias: Props): string {
  try {
    return (text(alias.ip) ?? "").trim();
  } catch (error) {
    throw error instanceof Unknown ? new Unknown(error.path, true) : error;
  }
}

export const hostAlias: Rule = {
  id: "CTR-045",
  name: "host-alias",
  title: "A name leads to the host or to the metadata service",
  severity: "medium",
  frameworks: [],
  remediation: "Remove it.",
  reads: "hosts, hostAliases, extraHosts",
  admission: {
    expression: `!has(object.spec.hostAliases) || object.spec.hostAliases.all(a, (!has(a.hostnames) || a.hostnames.all(h, h in ${JSON.stringify(ofProxies)} || h.startsWith("${ofRepositories}"))) && !a.ip.startsWith("169.254.") && !(a.ip in ${JSON.stringify(baseline.metadata.services)}))`,
    message: "The pod must have no host aliases but its own proxies' and repositories'.",
  },
  *workload({ platform, spec, title }) {
    if (platform !== "kubernetes") return;
    for (const { hostnames } of records(spec.hostAliases))
      for (const name of texts(hostnames))
        if (!isOwn(name)) {
          yield `The ${title} must not have host aliases but its own proxies' and repositories'.`;
          return;
        }
    for (const alias of records(spec.hostAliases))
      if (isForbidden(addressOf(alias))) yield `The ${title} must not have a name for the metadata service.`;
  },
  *container({ platform, spec, title }) {
    if (platform === "kubernetes") return;
    for (const host of records(platform === "ecs" ? spec.extraHosts : spec.hosts))
      if (isForbidden((text(host.ip) ?? text(host.ipAddress) ?? "").trim()))
        yield `The ${title} must not have a name for the host or the metadata service.`;
  },
};

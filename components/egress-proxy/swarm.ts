import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { limitedService } from "../container-engine/hooks.ts";
import { type MadePart, userOf } from "../session-part.ts";
import { edgeName, proxyAlias } from "../session.ts";
import { serviceCheckInterval } from "../swarm/companion.ts";
import { deliver } from "../swarm/delivered.ts";
import { overlay, overlayOf, toOverlay } from "../swarm/overlay.ts";
import { placeOf } from "../swarm/provider.ts";
import { toHardenedService } from "../swarm/service.ts";
import type { EgressProxyArgs } from "./args.ts";
import { proxyLabels, proxyLogs } from "./labels.ts";
import { egressPart, egressProxy } from "./part.ts";

/**
 * The proxy of one session: a service that is the only other member of the session's network, and alone in having a second one that
 * leads outside. A changed list updates it and leaves the session as it is; while there is none, nothing gets out.
 */
export class EgressProxy extends pulumi.ComponentResource {
  readonly part: MadePart;

  constructor(name: string, args: EgressProxyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:swarm:EgressProxy", name, {}, opts);
    const proxy = egressProxy(args);
    const { dns = [] } = args;
    const labels = proxyLabels(args);
    const parent = { parent: this };
    const edge = overlay(`${name}-edge`, toOverlay(edgeName(args.sessionId), false, labels), this);
    const user = userOf(proxy);
    const inputs = toHardenedService(
      {
        ...proxy,
        user,
        labels,
        health: { ...proxy.health, interval: serviceCheckInterval },
        logs: args.logs,
        ownLogs: proxyLogs,
        delivered: deliver(`${name}-proxy`, proxy.mounts, { service: proxy.name, labels, user }, this),
        networks: [{ id: overlayOf(args.network), alias: proxyAlias }, { id: edge.id }],
        ...(dns.length > 0 && { dns: { servers: dns, options: [] } }),
        hostname: proxyAlias,
      },
      placeOf(this),
    );
    const replaced = [...args.network.resources, edge];
    const service = new docker.Service(`${name}-proxy`, inputs, {
      ...parent,
      dependsOn: replaced,
      replaceWith: replaced,
      deleteBeforeReplace: true,
      hooks: limitedService(this),
    });
    this.part = { ...egressPart(args), resources: [service] };
    this.registerOutputs({ authority: this.part.authority });
  }
}

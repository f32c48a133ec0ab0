import * as pulumi from "@pulumi/pulumi";
import { CompanionService } from "../cluster/companion.ts";
import { servingLabels } from "../cluster/labels.ts";
import { networkPolicies, podsOf, podsServing } from "../cluster/network-policy.ts";
import { clusterOf } from "../cluster/provider.ts";
import { ofProxy } from "../isolated-network/destinations.ts";
import type { MadePart } from "../session-part.ts";
import { proxyAlias, proxyPort } from "../session.ts";
import type { EgressProxyArgs } from "./args.ts";
import { egressPart, egressProxy } from "./part.ts";

/**
 * The proxy of one session: a pod that this session alone may connect to, and that alone has a way out. A changed list rolls the
 * proxy and leaves the session's pod as it is. Nothing keeps its pod on a node that is emptied: another is there before it goes.
 */
export class EgressProxy extends pulumi.ComponentResource {
  readonly part: MadePart;

  constructor(name: string, args: EgressProxyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:kubernetes:EgressProxy", name, {}, opts);
    const parent = { parent: this };
    const { companyAddresses = [] } = clusterOf(this);
    const { dns = [] } = args;
    const proxy = egressProxy(args);
    const labels = servingLabels(args, proxy.kind);
    const policy = networkPolicies(
      `${name}-proxy`,
      { name: proxy.name, labels },
      {
        pods: podsServing(args, proxy.kind),
        from: { pods: podsOf(args), port: proxyPort },
        to: ofProxy(args, companyAddresses),
        dns,
      },
      parent,
    );
    const pod = { labels, port: proxyPort, dns: dns.length > 0 ? dns : ("cluster" as const) };
    // No packet leaves the pod before its policy is there.
    const made = new CompanionService("EgressProxyPod", `${name}-proxy`, proxy, pod, { ...parent, dependsOn: policy });
    this.part = {
      ...egressPart(args),
      companions: [],
      aliases: [{ host: proxyAlias, address: made.address }],
      resources: [...policy, ...made.resources],
    };
    this.registerOutputs({ authority: this.part.authority });
  }
}

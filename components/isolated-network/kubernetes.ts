import * as pulumi from "@pulumi/pulumi";
import { sessionLabels } from "../cluster/labels.ts";
import { networkPolicies, podsOf, podsServing } from "../cluster/network-policy.ts";
import type { MadePart } from "../session-part.ts";
import { containerName, proxyPort } from "../session.ts";
import { type IsolatedNetworkArgs, networkPart, refuseConflicts } from "./args.ts";
import { anywhere } from "./destinations.ts";
import type { PolicyArgs } from "./policy.ts";

/**
 * What one session reaches, as a network policy: nothing, its egress proxy, or whatever is public. Nobody connects to it: its
 * health is asked by a command that runs in it. A cluster accepts policies whether or not its network heeds them.
 */
export class IsolatedNetwork extends pulumi.ComponentResource {
  readonly part: MadePart;

  /** @throws Error when resolvers and egress contradict each other. */
  constructor(name: string, args: IsolatedNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:kubernetes:IsolatedNetwork", name, {}, opts);
    refuseConflicts(args);

    const of = { name: containerName(args.sessionId), labels: sessionLabels(args, "network") };
    this.part = { ...networkPart(args), resources: networkPolicies(name, of, toPolicyArgs(args), { parent: this }) };
    this.registerOutputs();
  }
}

/** The cluster's resolvers answer a session that is open, and no other: what is asked is itself a way out. */
function toPolicyArgs(args: IsolatedNetworkArgs): PolicyArgs {
  const pods = podsOf(args);
  const { egress = "none", dns = [] } = args;
  if (egress === "none") return { pods };
  if (egress === "open") return { pods, to: [anywhere], dns };
  return { pods, toPods: [{ pods: podsServing(args, "egress-proxy"), port: proxyPort }] };
}

import * as pulumi from "@pulumi/pulumi";
import type { Reach } from "../fargate/private-network.ts";
import { sharedOf } from "../fargate/provider.ts";
import type { MadePart } from "../session-part.ts";
import { type Egress, type IsolatedNetworkArgs, networkPart, refuseConflicts } from "./args.ts";

/**
 * What one session reaches, by the security group that its network interface is in: AWS's endpoints and its files, its proxy, or any
 * host. A session without egress has no route out and no name to ask for; nobody connects to any session.
 */
export class IsolatedNetwork extends pulumi.ComponentResource {
  readonly part: MadePart;

  /** @throws Error when resolvers and egress contradict each other. */
  constructor(name: string, args: IsolatedNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:ecs:IsolatedNetwork", name, {}, opts);
    refuseConflicts(args);
    const { groups } = sharedOf(this).network;
    const group = groups.sessions[reachOf(args.egress)];
    if (group === undefined)
      throw new Error(`session ${args.sessionId} reaches ${reachOf(args.egress)}, for which there is no security group`);
    this.part = { ...networkPart(args), resources: [], groups: [group] };
    this.registerOutputs();
  }
}

/** How far a session gets. */
export function reachOf(egress: Egress = "none"): Reach {
  if (typeof egress === "object") return "egress proxy";
  return egress === "open" ? "anywhere" : "nothing";
}

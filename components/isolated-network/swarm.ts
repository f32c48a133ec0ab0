import * as pulumi from "@pulumi/pulumi";
import { sessionLabels } from "../container-engine/object-labels.ts";
import type { MadePart } from "../session-part.ts";
import { containerName } from "../session.ts";
import { overlay, toOverlay } from "../swarm/overlay.ts";
import { type IsolatedNetworkArgs, networkPart, refuseConflicts } from "./args.ts";

/**
 * The overlay network of one session; never shared with another session. One that is not open is internal: its only members are the
 * session and its egress proxy. A session without egress has one as well, since Swarm puts a service without a network on the default
 * bridge, from which it would reach any host.
 */
export class IsolatedNetwork extends pulumi.ComponentResource {
  readonly part: MadePart;

  /** @throws Error when ports, resolvers and egress contradict each other */
  constructor(name: string, args: IsolatedNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:swarm:IsolatedNetwork", name, {}, opts);
    refuseConflicts(args);
    const network = overlay(`${name}-overlay`, toSessionOverlay(args), this);
    this.part = { ...networkPart(args), resources: [network], replaceWith: [network] };
    this.registerOutputs();
  }
}

/** The provider's inputs for a session's network. */
export function toSessionOverlay(args: IsolatedNetworkArgs) {
  const labels = { ...sessionLabels(args), ...(typeof args.egress === "object" && { purpose: "session-egress" }) };
  return toOverlay(containerName(args.sessionId), args.egress !== "open", labels);
}

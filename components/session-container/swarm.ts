import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { limitedService } from "../container-engine/hooks.ts";
import { sessionLabels } from "../container-engine/object-labels.ts";
import { containerName } from "../session.ts";
import { type Delivered, deliver } from "../swarm/delivered.ts";
import { overlayOf } from "../swarm/overlay.ts";
import { placeOf, type SwarmPlace } from "../swarm/provider.ts";
import { toHardenedService } from "../swarm/service.ts";
import {
  authorityOf,
  type DeployedSession,
  environmentOf,
  healthCheckOf,
  limitsOf,
  mountsOf,
  secretEnvironmentOf,
  type SessionContainerArgs,
  sharedMemoryMount,
} from "./args.ts";
import { serviceAttachCommand } from "./attach.ts";
import { pendingSignalsOf, uidOf } from "./user.ts";

/** One agent session as a service of Swarm's, of one replica, on the node that has its volumes, held to the baseline. */
export class SessionContainer extends pulumi.ComponentResource {
  readonly deployed: DeployedSession;

  constructor(name: string, args: SessionContainerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:swarm:SessionContainer", name, {}, opts);
    const service = containerName(args.sessionId);
    const receiver = { service, labels: sessionLabels(args), user: userOf(args) };
    const delivered = deliver(name, mountsOf(args), receiver, this);
    const made = new docker.Service(`${name}-service`, toSwarm(args, delivered, placeOf(this)), {
      parent: this,
      deleteBeforeReplace: true,
      replaceWith: args.parts.flatMap(({ replaceWith = [] }) => replaceWith),
      hooks: limitedService(this),
    });
    this.deployed = { container: service, containerId: made.id, network: service, attach: serviceAttachCommand(service) };
    this.registerOutputs({ serviceId: made.id, authority: authorityOf(args) });
  }
}

const userOf = (args: Pick<SessionContainerArgs, "uid">) => [uidOf(args), baseline.user.gid] as const;

/** The provider's inputs for one session. All but the image, and the ids of its network and its secrets, is plain, so that a preview knows it. */
export function toSwarm(args: SessionContainerArgs, delivered: Delivered, place: SwarmPlace) {
  const limits = limitsOf(args);
  const { egress = "none", dns = [] } = args.network ?? {};
  const pendingSignals = pendingSignalsOf(uidOf(args), limits);
  const sealed = { servers: baseline.sealedDns, options: baseline.sealedDnsOptions };
  const named = dns.length > 0 ? { dns: { servers: dns, options: [] } } : {};
  return toHardenedService(
    {
      name: containerName(args.sessionId),
      image: args.image,
      user: userOf(args),
      program: ["/usr/local/bin/session-entrypoint"],
      environment: { ...environmentOf(args), ...secretEnvironmentOf(args) },
      labels: sessionLabels(args),
      mounts: [...mountsOf(args), sharedMemoryMount(limits)],
      limits,
      ...(pendingSignals !== undefined && { pendingSignals }),
      ...(args.security?.capabilities !== undefined && { capabilities: args.security.capabilities }),
      ...(args.reservations !== undefined && { reservation: args.reservations }),
      health: { ...healthCheckOf(args), command: ["/usr/local/bin/session-health"] },
      logs: args.logs,
      delivered,
      networks: [{ id: overlayOf({ resources: args.parts.flatMap(({ resources }) => resources) }), alias: args.sessionId }],
      hostname: args.sessionId,
      ...(egress === "open" ? named : { dns: sealed }),
    },
    place,
  );
}

import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { logOpts, toHardened, toService } from "../container-engine/hardened.ts";
import { processLimit } from "../container-engine/hooks.ts";
import { sessionLabels } from "../container-engine/object-labels.ts";
import { attach, toDockerPorts } from "../isolated-network/docker.ts";
import { containerName } from "../session.ts";
import {
  authorityOf,
  type DeployedSession,
  environmentOf,
  healthCheckOf,
  limitsOf,
  mountsOf,
  secretEnvironmentOf,
  type SessionContainerArgs,
} from "./args.ts";
import { attachCommand } from "./attach.ts";
import { isOwnUid, uidOf } from "./user.ts";

const MiB = 1024 ** 2;

/** One agent session as a container of the Docker Engine or Podman, held to the baseline. */
export class SessionContainer extends pulumi.ComponentResource {
  readonly deployed: DeployedSession;

  constructor(name: string, args: SessionContainerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:SessionContainer", name, {}, opts);
    const container = new docker.Container(`${name}-container`, toDocker(args), {
      parent: this,
      // The name is fixed, so the old one has to go first.
      deleteBeforeReplace: true,
      replaceWith: args.parts.flatMap(({ replaceWith = [] }) => replaceWith),
      hooks: { afterCreate: [processLimit(this)], afterUpdate: [processLimit(this)] },
    });
    const attachment = attach(args.sessionId, args.network ?? {});
    this.deployed = {
      container: containerName(args.sessionId),
      containerId: container.id,
      network: attachment.network?.name ?? attachment.networkMode ?? "none",
      attach: attachCommand(containerName(args.sessionId)),
    };
    this.registerOutputs({ containerId: container.id, authority: authorityOf(args) });
  }
}

/** The provider's inputs for one session. All but the image is plain, so that a preview knows it. */
export function toDocker(args: SessionContainerArgs) {
  const limits = limitsOf(args);
  const { networkMode, network, ports, dns, dnsOptions } = attach(args.sessionId, args.network ?? {});
  const { appArmorProfile, capabilities = [], seccompProfile } = args.security ?? {};
  const hardened = toHardened({
    name: containerName(args.sessionId),
    image: args.image,
    user: [uidOf(args), baseline.user.gid],
    program: ["/usr/local/bin/session-entrypoint"],
    environment: { ...environmentOf(args), ...secretEnvironmentOf(args) },
    labels: sessionLabels(args),
    mounts: mountsOf(args),
    limits,
    capabilities,
    ...(seccompProfile !== undefined && { seccompProfile }),
  });
  return {
    ...hardened,
    hostname: networkMode === undefined || networkMode === "none" ? args.sessionId : undefined,
    workingDir: "/workspace",
    securityOpts: [...hardened.securityOpts, ...(appArmorProfile === undefined ? [] : [`apparmor=${appArmorProfile}`])],

    shmSize: Math.round(limits.sharedMemory / MiB),
    ulimits: toUlimits(args),
    ...(args.reservations?.memory !== undefined && { memoryReservation: Math.round(args.reservations.memory / MiB) }),
    // The engine's weight for one core is 1024.
    ...(args.reservations?.cpu !== undefined && { cpuShares: Math.round(args.reservations.cpu * 1024) }),

    ...(networkMode !== undefined && { networkMode }),
    ...(network !== undefined && { networksAdvanced: [{ name: network.name, aliases: [network.alias] }] }),
    ...(dns.length > 0 && { dns: [...dns] }),
    ...(dnsOptions !== undefined && { dnsOpts: [...dnsOptions] }),
    ...toDockerPorts(ports),

    ...toService({ ...healthCheckOf(args), command: ["/usr/local/bin/session-health"] }),
    logOpts,
    destroyGraceSeconds: 10,
  };
}

/**
 * The kernel counts signals that wait, and timers, for a uid and compares the sum with the limit of whoever asks: a lower limit
 * would make it easier to starve those who share the uid.
 */
function toUlimits(args: SessionContainerArgs) {
  const { openFiles, processes } = limitsOf(args);
  const pending = processes * baseline.limits.pendingSignals;
  return [
    { name: "nofile", soft: openFiles, hard: openFiles },
    ...(isOwnUid(uidOf(args)) ? [{ name: "sigpending", soft: pending, hard: pending }] : []),
  ];
}

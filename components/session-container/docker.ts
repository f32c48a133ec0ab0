import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { toHardened, toLogs, toService } from "../container-engine/hardened.ts";
import { limitedProcesses } from "../container-engine/hooks.ts";
import type { EngineKind } from "../container-engine/kind.ts";
import { sessionLabels } from "../container-engine/object-labels.ts";
import { engineOf } from "../container-engine/provider.ts";
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
import { pendingSignalsOf, uidOf } from "./user.ts";

const MiB = 1024 ** 2;

/** One agent session as a container of the Docker Engine or Podman, held to the baseline. */
export class SessionContainer extends pulumi.ComponentResource {
  readonly deployed: DeployedSession;

  constructor(name: string, args: SessionContainerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:SessionContainer", name, {}, opts);
    const container = new docker.Container(`${name}-container`, toDocker(args, engineOf(this)), {
      parent: this,
      // The name is fixed, so the old one has to go first.
      deleteBeforeReplace: true,
      replaceWith: args.parts.flatMap(({ replaceWith = [] }) => replaceWith),
      hooks: limitedProcesses(this),
    });
    const attachment = attach(args, args.network ?? {});
    this.deployed = {
      container: containerName(args.sessionId),
      containerId: container.id,
      network: attachment.networks[0]?.name ?? attachment.networkMode ?? "none",
      attach: attachCommand(containerName(args.sessionId)),
    };
    this.registerOutputs({ containerId: container.id, authority: authorityOf(args) });
  }
}

/** The provider's inputs for one session. All but the image is plain, so that a preview knows it. */
export function toDocker(args: SessionContainerArgs, engine: EngineKind = "docker") {
  const limits = limitsOf(args);
  const { networkMode, networks, ports, dns, dnsOptions } = attach(args, args.network ?? {});
  const { appArmorProfile, capabilities = [], seccompProfile } = args.security ?? {};
  const hardened = toHardened({
    name: containerName(args.sessionId),
    image: args.image,
    user: [uidOf(args), baseline.user.gid],
    program: ["/usr/local/bin/session-entrypoint"],
    environment: { ...environmentOf(args), ...secretEnvironmentOf(args) },
    labels: { ...sessionLabels(args), ...(args.network?.group !== undefined && { group: args.network.group }) },
    mounts: mountsOf(args),
    limits,
    capabilities,
    engine,
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
    ...(networks.length > 0 && { networksAdvanced: networks.map(({ name, alias }) => ({ name, aliases: [alias] })) }),
    ...(dns.length > 0 && { dns: [...dns] }),
    ...(dnsOptions !== undefined && { dnsOpts: [...dnsOptions] }),
    ...toDockerPorts(ports),

    ...toService({ ...healthCheckOf(args), command: ["/usr/local/bin/session-health"] }),
    ...toLogs(args.logs),
    destroyGraceSeconds: 10,
  };
}

function toUlimits(args: SessionContainerArgs) {
  const { openFiles, processes } = limitsOf(args);
  const pending = pendingSignalsOf(uidOf(args), { processes });
  return [
    { name: "nofile", soft: openFiles, hard: openFiles },
    ...(pending === undefined ? [] : [{ name: "sigpending", soft: pending, hard: pending }]),
  ];
}

import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { processLimit } from "../container-engine/hooks.ts";
import { dockerLabels } from "../labels.ts";
import { securityOpts } from "../seccomp/docker.ts";
import type { Mount } from "../session-volumes/args.ts";
import { containerName, type Port, sessionLabels } from "../session.ts";
import { allMounts, authorityOf, environmentOf, healthCheckOf, limitsOf, type SessionContainerArgs } from "./args.ts";
import { isOwnUid, uidOf } from "./user.ts";

const MiB = 1024 ** 2;

/** One agent session as a container of the Docker Engine or Podman, held to the baseline. */
export class SessionContainer extends pulumi.ComponentResource {
  readonly containerName: string;
  readonly containerId: pulumi.Output<string>;
  /** The command line that enters the session's terminal; detach with Ctrl-b d. */
  readonly attachCommand: string;
  /** What the session may do beyond a sealed box, sorted. */
  readonly authority: readonly string[];

  constructor(name: string, args: SessionContainerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:SessionContainer", name, {}, opts);
    const container = new docker.Container(`${name}-container`, toDocker(args), {
      parent: this,
      // The name is fixed, so the old one has to go first.
      deleteBeforeReplace: true,
      replaceWith: [...args.network.resources],
      hooks: { afterCreate: [processLimit(this)], afterUpdate: [processLimit(this)] },
    });
    this.containerName = containerName(args.sessionId);
    this.containerId = container.id;
    this.attachCommand = `docker exec -it ${this.containerName} tmux attach -t claude`;
    this.authority = authorityOf(args, args.network.ports);
    this.registerOutputs({ containerId: this.containerId, authority: this.authority });
  }
}

/** The provider's inputs for one session. All but the image is plain, so that a preview knows it. */
export function toDocker(args: SessionContainerArgs) {
  const limits = limitsOf(args);
  const health = healthCheckOf(args);
  const { network } = args;
  return {
    name: containerName(args.sessionId),
    image: args.image,
    hostname: network.networkMode === undefined || network.networkMode === "none" ? args.sessionId : undefined,
    user: `${uidOf(args)}:${baseline.user.gid}`,
    entrypoints: [...baseline.init, "/usr/local/bin/session-entrypoint"],
    workingDir: "/workspace",
    envs: Object.entries<pulumi.Input<string>>({ ...environmentOf(args), ...args.credentials?.secretEnvironment })
      .sort(([one], [other]) => (`${one}=` < `${other}=` ? -1 : 1))
      .map(([key, value]) => (typeof value === "string" ? `${key}=${value}` : pulumi.interpolate`${key}=${value}`)),
    labels: dockerLabels({
      ...sessionLabels(args.sessionId, args.stack),
      pids_limit: String(limits.processes),
      authority: authorityOf(args, network.ports).join("\n"),
    }),

    readOnly: baseline.readOnlyRootFilesystem,
    capabilities: {
      drops: [...baseline.capabilities.drop],
      ...(args.security?.capabilities?.length && { adds: args.security.capabilities.map(fullCapability).sort() }),
    },
    securityOpts: [
      ...securityOpts(args.security?.seccompProfile),
      ...(args.security?.appArmorProfile === undefined ? [] : [`apparmor=${args.security.appArmorProfile}`]),
    ],
    ipcMode: "private",

    // The provider counts memory in MB; an equal memorySwap means no swap, and leaving it out is a diff on every preview.
    memory: Math.round(limits.memory / MiB),
    memorySwap: Math.round(limits.memory / MiB),
    cpus: decimalCores(limits.cpu),
    shmSize: Math.round(limits.sharedMemory / MiB),
    ulimits: toUlimits(args),
    ...(args.reservations?.memory !== undefined && { memoryReservation: Math.round(args.reservations.memory / MiB) }),
    // The engine's weight for one core is 1024.
    ...(args.reservations?.cpu !== undefined && { cpuShares: Math.round(args.reservations.cpu * 1024) }),

    mounts: allMounts(args).flatMap(toDockerMount),
    tmpfs: Object.fromEntries(allMounts(args).flatMap((mount) => toTmpfs(mount, uidOf(args)))),

    ...(network.networkMode !== undefined && { networkMode: network.networkMode }),
    ...(network.network !== undefined && { networksAdvanced: [{ name: network.network.name, aliases: [network.network.alias] }] }),
    ...(network.dns.length > 0 && { dns: [...network.dns] }),
    ...(network.dnsOptions !== undefined && { dnsOpts: [...network.dnsOptions] }),
    ...toDockerPorts(network.ports),

    healthcheck: {
      tests: ["CMD", "/usr/local/bin/session-health"],
      interval: goDuration(health.interval),
      timeout: goDuration(health.timeout),
      startPeriod: goDuration(health.startPeriod),
      retries: health.retries,
    },
    restart: baseline.restart,
    logDriver: "json-file",
    logOpts: { "max-size": `${baseline.logs.maxSizeMegabytes}m`, "max-file": String(baseline.logs.maxFiles) },
    // The provider's own wait would wait for ever: the agent starts only after the hook that runs when the container is made.
    wait: false,
    mustRun: true,
    destroyGraceSeconds: 10,
  };
}

/** The provider's input for published ports, to be spread, in the order in which it reads them back: in any other it would replace the container. */
export function toDockerPorts(ports: readonly Port[]) {
  if (ports.length === 0) return {};
  const key = ({ container, protocol }: Port) => `${container}/${protocol}`;
  return {
    ports: ports
      .toSorted((one, other) => (key(one) < key(other) ? -1 : 1))
      .map(({ container, host, address, protocol }) => ({ internal: container, external: host, ip: address, protocol })),
  };
}

function toDockerMount(mount: Mount) {
  const { source, target, readOnly } = mount;
  switch (source.kind) {
    case "volume":
      return [{ type: "volume", source: source.name, target, readOnly }];
    case "bind":
      return [{ type: "bind", source: source.path, target, readOnly, bindOptions: { propagation: "rprivate" } }];
    case "tmpfs":
      return [];
  }
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

function toTmpfs(mount: Mount, uid: number): [string, string][] {
  if (mount.source.kind !== "tmpfs") return [];
  const { size, exec, mode, owned } = mount.source;
  const options = ["rw", exec ? "exec" : "noexec", "nosuid", "nodev", `size=${size}`, `mode=${mode}`];
  if (owned) options.push(`uid=${uid}`, `gid=${baseline.user.gid}`);
  return [[mount.target, options.join(",")]];
}

/** A capability as the engine spells it: in any other spelling a refresh would replace the container. */
function fullCapability(name: string): string {
  return `CAP_${name.toUpperCase().replace(/^CAP_/, "")}`;
}

/** Cores as the provider reads them back (`2.0`, `1.5`, `10.`): in any other spelling of the same number it would replace the container. */
export function decimalCores(cores: number): string {
  const digits = cores.toFixed(9);
  return digits.split("0").length - 1 === 9 ? cores.toFixed(1) : digits.replace(/0+$/, "");
}

/** Seconds as the engine itself writes them (`1m30s`), so that no preview sees a difference. */
export function goDuration(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = seconds % 60;
  if (hours > 0) return `${hours}h${minutes}m${rest}s`;
  if (minutes > 0) return `${minutes}m${rest}s`;
  return `${rest}s`;
}

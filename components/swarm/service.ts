import type * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { fullCapability, goDuration, type HardenedContainer, toEnvironment, toLogs, toService } from "../container-engine/hardened.ts";
import { limitLabels } from "../container-engine/hooks.ts";
import { dockerLabels } from "../container-engine/object-labels.ts";
import type { HealthCommand, Logs } from "../session-part.ts";
import type { Delivered } from "./delivered.ts";
import { toSwarmMounts } from "./mounts.ts";
import type { SwarmPlace } from "./provider.ts";

/** What every service of this project is given, whatever it does. */
export interface HardenedService extends Omit<HardenedContainer, "seccompProfile"> {
  readonly health: HealthCommand;
  readonly logs: Logs | undefined;
  /** Sizes of the container's own logs; see toLogs. */
  readonly ownLogs?: { readonly maxSizeMegabytes: number; readonly maxFiles: number };
  readonly delivered: Delivered;
  /** Networks, and what it is called there. One at least: a service without any is on the engine's default bridge. */
  readonly networks: readonly [Attached, ...Attached[]];
  readonly hostname: string;
  /** Signals and timers that may wait for a uid. @default the daemon's */
  readonly pendingSignals?: number;
  /** Bytes, and cores. @default none */
  readonly reservation?: { readonly memory?: number; readonly cpu?: number };
  /** @default the engine's */
  readonly dns?: { readonly servers: readonly string[]; readonly options: readonly string[] };
}

/** A network that a service is attached to. */
export interface Attached {
  /** The network's id: by its name, the provider would see a change at each preview. */
  readonly id: pulumi.Input<string>;
  readonly alias?: string;
}

/**
 * The provider's inputs that make a service hold no more rights than the baseline gives it, as far as a service can: what system calls
 * it may make, and that it gains no privileges, is each daemon's own setting.
 */
export function toHardenedService(args: HardenedService, { node, update }: SwarmPlace) {
  const { name, user, limits, labels, capabilities = [], delivered, health, dns, reservation } = args;
  const reserved = {
    ...(reservation?.memory !== undefined && { memoryBytes: reservation.memory }),
    ...(reservation?.cpu !== undefined && { nanoCpus: nanoCpus(reservation.cpu) }),
  };
  const { failureAction = "rollback", monitor = 5 } = update;
  const rolled = { parallelism: 1, delay: "0s", monitor: goDuration(monitor), maxFailureRatio: "0.0", order: "stop-first" };
  const { logDriver, ...log } = toLogs(args.logs, args.ownLogs);
  return {
    name,
    labels: dockerLabels({ ...labels, ...toLimitLabels(args) }),
    mode: { replicated: { replicas: 1 } },
    // By an address of the service's own, Swarm would stand between a proxy and who asks it.
    endpointSpec: { mode: "dnsrr" },
    updateConfig: { ...rolled, failureAction },
    rollbackConfig: { ...rolled, failureAction: "pause" },
    taskSpec: {
      containerSpec: {
        image: args.image,
        commands: [...baseline.init, ...args.program],
        env: toEnvironment(args.environment),
        labels: dockerLabels(labels),
        user: user.join(":"),
        dir: "/workspace",
        hostname: args.hostname,
        readOnly: baseline.readOnlyRootFilesystem,
        capDrops: [...baseline.capabilities.drop],
        ...(capabilities.length > 0 && { capAdds: capabilities.map(fullCapability).sort() }),
        mounts: toSwarmMounts(args.mounts, name, user),
        ...(delivered.secrets.length > 0 && { secrets: [...delivered.secrets] }),
        ...(delivered.configs.length > 0 && { configs: [...delivered.configs] }),
        ...(dns !== undefined && { dnsConfig: { nameservers: [...dns.servers], options: [...dns.options] } }),
        healthcheck: toService(health).healthcheck,
        // No grace of its own: the provider would wait for no longer than that, and fail. Swarm's is 10 s.
      },
      resources: {
        limits: { memoryBytes: limits.memory, nanoCpus: nanoCpus(limits.cpu) },
        // The provider does not survive an empty one.
        ...(Object.keys(reserved).length > 0 && { reservation: reserved }),
      },
      restartPolicy: { condition: "any", delay: "1s", window: "0s" },
      placement: { constraints: [`node.id==${node}`] },
      networksAdvanceds: args.networks.map(({ id, alias }) => ({ id, ...(alias !== undefined && { aliases: [alias] }) })),
      logDriver: { name: logDriver, ...("logOpts" in log && { options: log.logOpts }) },
    },
  };
}

const nanoCpus = (cores: number) => Math.round(cores * 1e9);

/** What the provider has no word for. */
function toLimitLabels({ limits, pendingSignals }: Pick<HardenedService, "limits" | "pendingSignals">): Record<string, string> {
  return {
    [limitLabels.processes]: String(limits.processes),
    ...(limits.openFiles !== undefined && { [limitLabels.openFiles]: String(limits.openFiles) }),
    ...(pendingSignals !== undefined && { [limitLabels.pendingSignals]: String(pendingSignals) }),
  };
}

import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { securityOpts } from "../seccomp/docker.ts";
import type { Companion, HealthCommand, Mount, SecretReference } from "../session-part.ts";
import { processLimitLabel } from "./hooks.ts";
import { toTmpfs, toVolumesAndBinds } from "./mounts.ts";
import { dockerLabels } from "./object-labels.ts";

const MiB = 1024 ** 2;

/** What every container of this project is given, whatever it does. */
export interface HardenedContainer {
  readonly name: string;
  readonly image: pulumi.Input<string>;
  /** Uid and gid. */
  readonly user: readonly [uid: number, gid: number];
  /** What runs, below the init process. */
  readonly program: readonly string[];
  readonly environment: Readonly<Record<string, string | SecretReference>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  readonly limits: Companion["limits"];
  /** Capabilities to add to none. @default none */
  readonly capabilities?: readonly string[];
  /** The text of another seccomp profile. @default agent-sessions' own */
  readonly seccompProfile?: string;
}

/** The provider's inputs that make a container hold no more rights than the baseline gives it. */
export function toHardened(args: HardenedContainer) {
  const { name, image, user, limits, capabilities = [] } = args;
  // The provider counts memory in MB; an equal memorySwap means no swap, and leaving it out is a diff on every preview.
  const memory = Math.round(limits.memory / MiB);
  return {
    name,
    image,
    user: user.join(":"),
    entrypoints: [...baseline.init, ...args.program],
    envs: Object.entries(args.environment)
      .sort(([one], [other]) => (`${one}=` < `${other}=` ? -1 : 1))
      .map(([key, value]) => (typeof value === "string" ? `${key}=${value}` : pulumi.interpolate`${key}=${pulumi.secret(value.reveal())}`)),
    labels: dockerLabels({ ...args.labels, [processLimitLabel]: String(limits.processes) }),
    readOnly: baseline.readOnlyRootFilesystem,
    ...confined(args.seccompProfile),
    capabilities: {
      drops: [...baseline.capabilities.drop],
      ...(capabilities.length > 0 && { adds: capabilities.map(fullCapability).sort() }),
    },
    memory,
    memorySwap: memory,
    cpus: decimalCores(limits.cpu),
    mounts: toVolumesAndBinds(args.mounts, name),
    tmpfs: toTmpfs(args.mounts, user),
    logDriver: "json-file",
  };
}

/** What keeps any container to itself, also one that never starts. */
export function confined(seccompProfile?: string) {
  return {
    capabilities: { drops: [...baseline.capabilities.drop] },
    securityOpts: securityOpts(seccompProfile),
    ipcMode: "private",
  };
}

/** The provider's inputs for a container that runs for as long as its session is there. */
export function toService(health: HealthCommand) {
  return {
    healthcheck: {
      tests: ["CMD", ...health.command],
      interval: goDuration(health.interval),
      timeout: goDuration(health.timeout),
      startPeriod: goDuration(health.startPeriod),
      retries: health.retries,
    },
    restart: baseline.restart,
    // The provider's own wait would wait for ever: sessions start their agents only after the hook that runs when they are made.
    wait: false,
    mustRun: true,
  };
}

/** Rotation of a container's output: of the session's and its services'. */
export const logOpts = { "max-size": `${baseline.logs.maxSizeMegabytes}m`, "max-file": String(baseline.logs.maxFiles) } as const;

/** Seconds as the engine itself writes them (`1m30s`), so that no preview sees a difference. */
export function goDuration(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = seconds % 60;
  if (hours > 0) return `${hours}h${minutes}m${rest}s`;
  if (minutes > 0) return `${minutes}m${rest}s`;
  return `${rest}s`;
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

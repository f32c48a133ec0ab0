import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { securityOpts } from "../seccomp/docker.ts";
import type { Companion, ContainerDescription, HealthCommand, Logs } from "../session-part.ts";
import { processLimitLabel } from "./hooks.ts";
import type { EngineKind } from "./kind.ts";
import { toTmpfs, toVolumesAndBinds } from "./mounts.ts";
import { dockerLabels } from "./object-labels.ts";

const MiB = 1024 ** 2;

/** What every container of this project is given, whatever it does. */
export interface HardenedContainer extends ContainerDescription {
  readonly labels: Readonly<Record<string, string>>;
  readonly limits: Companion["limits"];
  /** Capabilities to add to none. @default none */
  readonly capabilities?: readonly string[];
  /** The text of another seccomp profile. @default agent-sessions' own */
  readonly seccompProfile?: string;
  /** What runs it. @default docker */
  readonly engine?: EngineKind;
}

/** The provider's inputs that make a container hold no more rights than the baseline gives it. */
export function toHardened(args: HardenedContainer) {
  const { name, image, user, limits, capabilities = [], engine = "docker" } = args;
  // The provider counts memory in MB; an equal memorySwap means no swap, and leaving it out is a diff on every preview.
  const memory = Math.round(limits.memory / MiB);
  return {
    name,
    image,
    user: user.join(":"),
    entrypoints: [...baseline.init, ...args.program],
    envs: Object.entries(toEnvironment(args.environment))
      .sort(([one], [other]) => (`${one}=` < `${other}=` ? -1 : 1))
      .map(([key, value]) => (typeof value === "string" ? `${key}=${value}` : pulumi.interpolate`${key}=${value}`)),
    labels: dockerLabels({ ...args.labels, [processLimitLabel]: String(limits.processes) }),
    readOnly: baseline.readOnlyRootFilesystem,
    ...confined(engine, args.seccompProfile),
    capabilities: {
      drops: [...baseline.capabilities.drop],
      ...(capabilities.length > 0 && { adds: capabilities.map(fullCapability).sort() }),
    },
    memory,
    memorySwap: memory,
    cpus: decimalCores(limits.cpu),
    mounts: toVolumesAndBinds(args.mounts, name),
    tmpfs: toTmpfs(args.mounts, user, engine),
  };
}

/** Variables as the provider is given them, those that are secret as such. */
export function toEnvironment(environment: HardenedContainer["environment"]): Record<string, string | pulumi.Output<string>> {
  return Object.fromEntries(
    Object.entries(environment).map(([key, value]) => [key, typeof value === "string" ? value : pulumi.secret(value.reveal())]),
  );
}

/** What keeps any container to itself, also one that never starts. */
export function confined(engine: EngineKind, seccompProfile?: string) {
  return {
    capabilities: { drops: [...baseline.capabilities.drop] },
    securityOpts: securityOpts(engine, seccompProfile),
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

/**
 * The provider's inputs for how a container's output is kept.
 *
 * @param own the megabytes of a file and the number of files of a container that has sizes of its own
 */
export function toLogs(logs: Logs = { driver: "json-file" }, own?: { readonly maxSizeMegabytes: number; readonly maxFiles: number }) {
  const { driver, maxSize, maxFiles = baseline.logs.maxFiles } = logs;
  const maxSizeMegabytes = maxSize === undefined ? baseline.logs.maxSizeMegabytes : Math.round(maxSize / MiB);
  const rotated = own ?? { maxSizeMegabytes, maxFiles };
  return {
    logDriver: driver,
    ...(driver !== "journald" && { logOpts: { "max-size": `${rotated.maxSizeMegabytes}m`, "max-file": String(rotated.maxFiles) } }),
  };
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

/** A capability as the engine spells it: in any other spelling a refresh would replace the container. */
export function fullCapability(name: string): string {
  return `CAP_${name.toUpperCase().replace(/^CAP_/, "")}`;
}

/** Cores as the provider reads them back (`2.0`, `1.5`, `10.`): in any other spelling of the same number it would replace the container. */
export function decimalCores(cores: number): string {
  const digits = cores.toFixed(9);
  return digits.split("0").length - 1 === 9 ? cores.toFixed(1) : digits.replace(/0+$/, "");
}

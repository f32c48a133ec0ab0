import type * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { dockerLabels } from "../labels.ts";
import { securityOpts } from "../seccomp/docker.ts";
import type { Mount } from "../session-volumes/args.ts";

export interface AuxiliaryArgs {
  readonly name: string;
  readonly image: pulumi.Input<string>;
  /** What runs, below the init process. */
  readonly program: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  /** A network's name. @default no network */
  readonly network?: string;
}

/** The provider's inputs for volumes and folders of the host. */
export function toVolumesAndBinds(mounts: readonly Mount[]) {
  return mounts.flatMap(({ source, target, readOnly }) => {
    if (source.kind === "volume") return [{ type: "volume", source: source.name, target, readOnly }];
    return source.kind === "bind"
      ? [{ type: "bind", source: source.path, target, readOnly, bindOptions: { propagation: "rprivate" } }]
      : [];
  });
}

/** What a container that serves sessions has in common with them: no more rights than a session. Memory is MB. */
function toAuxiliary(args: AuxiliaryArgs, memory: number, cpus: string) {
  return {
    name: args.name,
    image: args.image,
    user: `${baseline.user.uid}:${baseline.user.gid}`,
    entrypoints: [...baseline.init, ...args.program],
    workingDir: "/workspace",
    envs: Object.entries(args.environment)
      .map(([key, value]) => `${key}=${value}`)
      .sort(),
    labels: dockerLabels({ ...args.labels, pids_limit: "128" }),
    readOnly: true,
    capabilities: { drops: [...baseline.capabilities.drop] },
    securityOpts: securityOpts(),
    ipcMode: "private",
    memory,
    memorySwap: memory,
    cpus,
    mounts: toVolumesAndBinds(args.mounts),
    tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=67108864,mode=1777" },
    ...(args.network === undefined ? { networkMode: "none" } : { networksAdvanced: [{ name: args.network }] }),
    logDriver: "json-file",
  };
}

/** The provider's inputs for a container that does one job and ends. It is made stopped; the hook `runOnce` starts it and waits for its end. */
export function toJob(args: AuxiliaryArgs) {
  return {
    ...toAuxiliary(args, 1024, "1.0"),
    logOpts: { "max-size": "1m", "max-file": "2" },
    restart: "no",
    start: false,
    attach: true,
    mustRun: false,
    rm: false,
  };
}

/** The provider's inputs for a small container that serves one session for as long as that lives. */
export function toService(args: AuxiliaryArgs, healthCommand: readonly string[]) {
  return {
    ...toAuxiliary(args, 256, "0.5"),
    healthcheck: { tests: ["CMD", ...healthCommand], interval: "30s", timeout: "10s", startPeriod: "30s", retries: 3 },
    logOpts: { "max-size": `${baseline.logs.maxSizeMegabytes}m`, "max-file": String(baseline.logs.maxFiles) },
    restart: baseline.restart,
    wait: false,
    mustRun: true,
    destroyGraceSeconds: 10,
  };
}

/** The provider's inputs for a network of one container's own, from which it reaches any host. No session is ever in it, so it is labelled as none's. */
export function toOpenNetwork(name: string, { session_id: _, ...labels }: Readonly<Record<string, string>>) {
  return {
    name,
    driver: "bridge",
    internal: false,
    options: { "com.docker.network.bridge.enable_icc": "false", "com.docker.network.bridge.enable_ip_masquerade": "true" },
    labels: dockerLabels(labels),
  };
}

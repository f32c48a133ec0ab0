import type * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { dockerLabels } from "../labels.ts";
import type { Mount } from "../session-volumes/args.ts";

export interface JobArgs {
  readonly name: string;
  readonly image: pulumi.Input<string>;
  /** What runs, below the init process. */
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  /** A network's name. @default no network */
  readonly network?: string;
}

/** The provider's inputs for a container that does one job and ends, with no more rights than a session. */
export function toJob(args: JobArgs) {
  const memory = 1024;
  return {
    name: args.name,
    image: args.image,
    user: `${baseline.user.uid}:${baseline.user.gid}`,
    entrypoints: [...baseline.init, args.program],
    workingDir: "/workspace",
    envs: Object.entries(args.environment)
      .map(([key, value]) => `${key}=${value}`)
      .sort(),
    labels: dockerLabels({ ...args.labels, pids_limit: "128" }),
    readOnly: true,
    capabilities: { drops: [...baseline.capabilities.drop] },
    securityOpts: ["no-new-privileges:true"],
    ipcMode: "private",
    memory,
    memorySwap: memory,
    // As the provider reads it back.
    cpus: "1.0",
    mounts: args.mounts.flatMap(({ source, target, readOnly }) => {
      if (source.kind === "volume") return [{ type: "volume", source: source.name, target, readOnly }];
      return source.kind === "bind" ? [{ type: "bind", source: source.path, target, readOnly, bindOptions: { propagation: "rprivate" } }] : [];
    }),
    tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=67108864,mode=1777" },
    ...(args.network === undefined ? { networkMode: "none" } : { networksAdvanced: [{ name: args.network }] }),
    logDriver: "json-file",
    logOpts: { "max-size": "1m", "max-file": "2" },
    restart: "no",
    // Creating it waits for its end.
    attach: true,
    mustRun: false,
    rm: false,
  };
}

/** The provider's inputs for a network of one container's own, from which it reaches any host. */
export function toOpenNetwork(name: string, labels: Readonly<Record<string, string>>) {
  return {
    name,
    driver: "bridge",
    internal: false,
    options: { "com.docker.network.bridge.enable_icc": "false", "com.docker.network.bridge.enable_ip_masquerade": "true" },
    labels: dockerLabels(labels),
  };
}

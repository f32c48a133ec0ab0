import type { ParentProxy } from "../parent-proxy/args.ts";

/** An image of this project: the sessions' own, or one that serves them. */
export type HardenedImageArgs = SessionImageArgs | ServingImageArgs | MonitoringImageArgs;

/** The image of what serves sessions: of an egress proxy, of the supervisor and what it reads the engine by, of the gateway, or of PostgreSQL and Redis. */
export interface ServingImageArgs extends BuiltImageArgs {
  readonly source: "egress-proxy" | "supervisor" | "gateway" | "dev-services";
}

/** Prometheus and Alertmanager from Debian's packages, where no registry answers that has their own images. */
export interface MonitoringImageArgs extends BuiltImageArgs {
  readonly source: "monitoring";
}

/** The sessions' image. */
export interface SessionImageArgs extends BuiltImageArgs {
  readonly source: "session";
  /** `slim` holds what an agent needs to work; `full` adds compilers, package managers and editors. @default slim */
  readonly variant?: "slim" | "full";
  /** The agent's npm package and version; with none, sessions run a login shell. */
  readonly agent?: { readonly package: string; readonly version: string };
  /** Declares the folders that volumes cover, for a platform that gives a volume its folder's owner only then. @default false */
  readonly volumes?: boolean;
  /** Debian packages beside those of the variant. Their order changes nothing. @default none */
  readonly packages?: readonly string[];
}

interface BuiltImageArgs {
  /**
   * What it is built upon: a Debian-based image, by name or digest.
   * @see defaultBase
   */
  readonly base: string;
  /**
   * A file of PEM certificates that the build and the sessions trust besides the usual ones, as behind a company proxy.
   * @default none
   */
  readonly caBundle?: string;
  /** By way of which the build reaches registries and mirrors; it sees the password. @default directly */
  readonly parent?: ParentProxy;
  /**
   * Where it is pushed to, as `registry.example/team`; containers then name it by its digest there.
   *
   * @default nowhere: it stays on the engine that built it, whose containers name it by its local id
   */
  readonly registry?: string;
  /** `linux/amd64` or `linux/arm64`. @default the engine's own */
  readonly platform?: string;
  /** Fills the OCI labels `version`, `revision` and `created`. @default none, so that a rebuild is the same image */
  readonly labels?: { readonly version?: string; readonly revision?: string; readonly created?: string };
}

/** The local name of a base made from Debian packages, for machines that reach no container registry. */
export const localBase = "agent-sessions-base:bookworm";

/** The stock base, where a registry answers. */
export const stockBase = "node:24-bookworm-slim";

/** Severities that a scan may stop at, worst first. */
export const severities = ["critical", "high", "medium"] as const;

/** What is made of the scan of an image in ECR. */
export interface ScanGate {
  /** Nothing runs from an image before its scan is there. */
  readonly required: boolean;
  /** From which severity on a finding stops a roll-out. */
  readonly severity: (typeof severities)[number];
}

import type * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import type { NetworkOptions } from "../isolated-network/args.ts";
import type { Logs, MadePart, Mount, SecretReference } from "../session-part.ts";
import type { SessionOwner } from "../session.ts";

/** What a session may use at most. Sizes are bytes. */
export interface Limits {
  /** Bytes of memory; swap is never added to it. @default 4 GB */
  readonly memory: number;
  /** Cores, in fractions. @default 2 */
  readonly cpu: number;
  /** Processes and threads together. The agent does not start before this limit holds. @default 512 */
  readonly processes: number;
  /** File descriptors that one process may hold. @default 4096 */
  readonly openFiles: number;
  /** Bytes of `/tmp`. @default 512 MB */
  readonly tmp: number;
  /** Bytes of `/dev/shm`. @default 64 MB */
  readonly sharedMemory: number;
  /** Bytes of `/workspace` and `/session` together, as far as they are volumes; beyond, the session is ended. @default 20 GB */
  readonly disk: number;
}

/** What a session is promised when the machine is busy. */
export interface Reservations {
  /** Bytes of memory that the kernel reclaims last. */
  readonly memory?: number;
  /** Cores' worth of processor time under contention. */
  readonly cpu?: number;
}

/** When a session counts as unhealthy. Times are seconds. */
export interface HealthCheck {
  /** @default 30 */
  readonly interval: number;
  /** @default 10 */
  readonly timeout: number;
  /** Failures in this time after the start do not count. @default 30 */
  readonly startPeriod: number;
  /** Failures in a row until the session is ended and started again. @default 3 */
  readonly retries: number;
}

/** Loosenings and hardenings of one session; with none given, the baseline holds. */
export interface Security {
  /** Capabilities to add to none. The policy pack refuses the dangerous ones. @default [] */
  readonly capabilities?: readonly string[];
  /** A seccomp profile, as the JSON text itself. @default agent-sessions' own, see components/seccomp */
  readonly seccompProfile?: string;
  /** Name of an AppArmor profile that the host has loaded. @default the engine's own, where the host has AppArmor */
  readonly appArmorProfile?: string;
}

/** What Claude Code does in a session. */
export interface Agent {
  /** What it is told to do without a person. @default none */
  readonly task?: string;
  /** Whether somebody is asked before it uses a tool. @default ask */
  readonly permissions?: "ask" | "bypass";
}

/** Several containers that do the same work. What they keep lasts as long as each of them. */
export interface Pool {
  readonly replicas: number;
  /** As many as their work asks for instead. */
  readonly autoscale?: {
    readonly min: number;
    readonly max: number;
    /** Percent of the processor time that they are promised, beyond which there are more. */
    readonly cpu: number;
    /** Percent of their memory, beyond which there are more. @default it is not looked at */
    readonly memory?: number;
    /** Seconds between two steps to more, and to fewer. @default 60 and 300 */
    readonly cooldown?: { readonly out?: number; readonly in?: number };
    /** Other bounds from certain times on: an AWS schedule, in UTC, and the bounds, which may be none at all. @default none */
    readonly schedule?: readonly { readonly at: string; readonly min: number; readonly max: number }[];
  };
  /** The TCP port on which each answers. */
  readonly port: number;
  /** Who may connect to it, by labels, in the namespace that is named or in the stack's own. @default nobody */
  readonly clients?: { readonly namespace?: string; readonly labels: Readonly<Record<string, string>> };
}

/** One agent session, whatever the platform. */
export interface SessionContainerArgs extends SessionOwner {
  /** What the agent calls itself. @default the session id */
  readonly agentId?: string;
  /** The image, by digest or local id; see HardenedImage. */
  readonly image: pulumi.Input<string>;
  /** Who its processes are, in the group of all sessions. @default 1000, which sessions share */
  readonly uid?: number;
  /** The command line that runs in the tmux session. @default the agent of the image, else a shell */
  readonly agentCommand?: string;
  /** What Claude Code does. @default it waits for a person */
  readonly agent?: Agent;
  /** How often an agent that failed is started again. @default always */
  readonly retries?: number;
  /** The user's own variables. No secrets: they stand in plain state. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Adds `RUST_LOG=debug` and `CLAUDE_DEBUG=true`. @default false */
  readonly debug?: boolean;
  readonly limits?: Partial<Limits>;
  readonly reservations?: Reservations;
  readonly healthCheck?: Partial<HealthCheck>;
  readonly security?: Security;
  /** How what its terminal shows is kept outside of it. @default json-file, 10 files of 50 MB */
  readonly logs?: Logs;
  /** How the session reaches others; see IsolatedNetwork. @default it does not */
  readonly network?: NetworkOptions;
  /** What its parts hand to it. Of two variables of one name a later part's wins. */
  readonly parts: readonly MadePart[];
  /** Names below `/repos` that are cloned into the workspace at the first start. */
  readonly repositories?: readonly string[];
  /**
   * What the folders of the host are, by path; see identityOf. The session starts on no other, whatever their names lead to by then.
   * @default none, where the engine's machine counts inodes of its own
   */
  readonly folders?: ReadonlyMap<string, string>;
  /** Several containers in the place of one. @default one, with data of its own */
  readonly pool?: Pool;
  /** Seconds without anything on the screen until the session counts as complete. @default none */
  readonly idleTimeout?: number;
  /** Seconds after the first start until the session counts as complete. @default none */
  readonly maxLifetime?: number;
}

/** Where a session is on its platform. */
export interface DeployedSession {
  readonly container: string;
  readonly containerId: pulumi.Output<string>;
  /** The network's name, or the mode where there is none of its own. */
  readonly network: string;
  /** The command line that enters its terminal. */
  readonly attach: string;
}

/** The limits with the baseline's figures where none are given. */
export function limitsOf(args: Pick<SessionContainerArgs, "limits">): Limits {
  const { memory, cpu, processes, openFiles, tmp, sharedMemory, disk } = baseline.limits;
  return { memory, cpu, processes, openFiles, tmp, sharedMemory, disk, ...args.limits };
}

/** `/dev/shm` as memory of its size, where a container is given no such size itself. */
export const sharedMemoryMount = ({ sharedMemory: size }: Pick<Limits, "sharedMemory">): Mount => ({
  target: "/dev/shm",
  readOnly: false,
  source: { kind: "memory", size, exec: false, mode: "1777", owned: false },
});

/** The health check with the baseline's figures where none are given. */
export function healthCheckOf(args: Pick<SessionContainerArgs, "healthCheck">): HealthCheck {
  return { ...baseline.healthCheck, ...args.healthCheck };
}

/** The variables that the session's processes see, in the order in which later ones win. */
export function environmentOf(args: SessionContainerArgs): Record<string, string> {
  const health = healthCheckOf(args);
  return {
    ...args.environment,
    ...Object.assign({}, ...args.parts.map(({ environment }) => environment)),
    SESSION_ID: args.sessionId,
    AGENT_ID: args.agentId ?? args.sessionId,
    CLAUDE_HEADLESS: "true",
    RUST_LOG: args.debug === true ? "debug" : (args.environment?.RUST_LOG ?? "info"),
    ...(args.debug === true && { CLAUDE_DEBUG: "true" }),
    AGENT_COMMAND: args.agentCommand ?? "",
    AGENT_TRUSTED: trustedFolders(args).join(" "),
    ...(args.agent?.task !== undefined && { AGENT_TASK: args.agent.task }),
    ...(args.agent?.permissions === "bypass" && { AGENT_PERMISSIONS: "bypass" }),
    ...(args.retries !== undefined && { SESSION_RETRIES: String(args.retries) }),
    SESSION_REPOSITORIES: (args.repositories ?? []).join(" "),
    SESSION_IDLE_TIMEOUT: String(args.idleTimeout ?? 0),
    SESSION_MAX_LIFETIME: String(args.maxLifetime ?? 0),
    SESSION_HEALTH_RETRIES: String(health.retries),
    SESSION_MOUNTS: foldersOf(args).join("\n"),
    SESSION_DISK_LIMIT: String(limitsOf(args).disk),
    SESSION_DISK_FOLDERS: measuredFolders(args).join(" "),
  };
}

/** The variables whose values are secret. */
export function secretEnvironmentOf({ parts }: Pick<SessionContainerArgs, "parts">): Readonly<Record<string, SecretReference>> {
  return Object.assign({}, ...parts.map(({ secretEnvironment }) => secretEnvironment));
}

/**
 * Where the agent works without asking whether a folder is trusted: the repositories that the settings name, and the session's own
 * workspace, unless it is a folder of the host.
 */
function trustedFolders(args: SessionContainerArgs): string[] {
  const own = mountsOf(args).every(({ target, source }) => target !== "/workspace" || source.kind !== "host");
  return [...(own ? ["/workspace"] : []), ...(args.repositories ?? []).map((name) => `/workspace/${name}`)];
}

/** The session's own volumes that its disk limit counts. */
function measuredFolders(args: SessionContainerArgs): string[] {
  const counted = ["/session", "/workspace"];
  return mountsOf(args).flatMap(({ target, source }) => (source.kind === "persistent" && counted.includes(target) ? [target] : []));
}

/** What the session compares at each start: an identity and a target for each folder of the host. */
function foldersOf(args: SessionContainerArgs): string[] {
  return mountsOf(args).flatMap(({ source, target }) => {
    const identity = source.kind === "host" ? args.folders?.get(source.path) : undefined;
    return identity === undefined ? [] : [`${identity} ${target}`];
  });
}

/** Everything that the session sees besides its image. */
export function mountsOf({ parts }: Pick<SessionContainerArgs, "parts">): readonly Mount[] {
  return parts.flatMap(({ mounts }) => mounts);
}

/**
 * What the session may do beyond a sealed box, one plain sentence fragment each, sorted: what a preview shows as added or
 * removed authority. Nothing of it stands in what makes the session, so that no word of it replaces anything.
 */
export function authorityOf(args: Pick<SessionContainerArgs, "sessionId" | "agent" | "security" | "parts" | "pool">): string[] {
  const lines = [
    ...(args.agent?.permissions === "bypass" ? ["agent uses its tools without asking"] : []),
    ...(args.security?.capabilities ?? []).map((name) => `capability ${name}`),
    ...mountsOf(args).flatMap(({ source, target, readOnly }) =>
      source.kind === "host" ? [`mount ${source.path} at ${target} (${readOnly ? "read-only" : "writable"})`] : [],
    ),
    ...args.parts.flatMap(({ authority }) => authority),
    ...poolAuthority(args.pool),
  ];
  return lines.map((line) => `session ${args.sessionId}: ${line}`).sort();
}

/** What a pool's address opens. */
function poolAuthority(pool: Pool | undefined): string[] {
  if (pool?.clients === undefined) return [];
  const { namespace, labels } = pool.clients;
  const named = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  return [`port ${pool.port} for pods ${named.sort().join(",")}${namespace === undefined ? "" : ` of the namespace ${namespace}`}`];
}

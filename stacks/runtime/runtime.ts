import type { Writable } from "node:stream";
import type { IsolationLevel } from "../../components/isolated-network/args.ts";
import type { ClusterFacts } from "./cluster-facts.ts";
import type { SessionState } from "./session-state.ts";

/** How a command is run. */
export interface CommandOptions {
  /** It is given a terminal, which the caller's is. @default false */
  readonly terminal?: boolean;
  /** Something is written to its standard input. @default false */
  readonly input?: boolean;
  /** As whom, `<uid>` or `<uid>:<gid>`. @default the place's own user */
  readonly user?: string;
  /** Where it begins. @default the place's own folder */
  readonly folder?: string;
  /** Variables that it has besides, or instead of, the place's own. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A command that runs. */
export interface StartedCommand {
  /** Its standard input. */
  readonly input: Writable;
  /** Passes on what it prints until it ends or is let go of; what has a terminal prints all to `output`. @throws Error when one of them fails */
  carry(output: Writable, errors: Writable): Promise<void>;
  resize(rows: number, columns: number): void;
  /** Lets go of it: what waits for its standard input finds that at its end. */
  close(): void;
  /** Once it has ended; nothing while it has not. */
  exitCode(): Promise<number | undefined>;
}

export interface LogOptions {
  /** Goes on with what comes. @default false */
  readonly follow?: boolean;
  /** Only so many last lines. */
  readonly tail?: number;
  /** Only what came after; seconds since 1970, as a text where fractions matter. */
  readonly since?: number | string;
  /** Each line begins with its time (RFC 3339) and a blank. @default false */
  readonly timestamps?: boolean;
}

/** Where commands of a session's run: the session, what serves it, or what stands in for it while it does not run. */
export interface CommandPlace {
  start(command: readonly string[], options?: CommandOptions): Promise<StartedCommand>;
}

/** A part of a session that runs by itself and prints. */
export interface RunningPart extends CommandPlace {
  /** Passes on what it has printed. @throws Error when one of the streams fails */
  logs(options: LogOptions, output: Writable, errors: Writable): Promise<void>;
}

/** A session's state, of the session that it is. */
export interface Health extends SessionState {
  readonly session: string;
  /** What the platform calls it. */
  readonly container: string;
  /** What it said last, where it is not well. */
  readonly output?: string;
}

/** What a session is on the platform, told from what is there and not from the settings, which may have changed since. */
export interface Description {
  readonly container: string;
  /** The network's name, or the mode where there is none of its own. */
  readonly network: string;
  readonly isolation: IsolationLevel;
  /** Bytes; 0 for no limit. */
  readonly memory: number;
  /** CPUs; 0 for no limit. */
  readonly cpu: number;
  /** 0 for no limit. */
  readonly processes: number;
  /** Bytes of its own folders; 0 for no limit. */
  readonly disk: number;
  /** A line for a shell that enters its terminal. */
  readonly attach: string;
  /** When it was made, RFC 3339. */
  readonly created: string;
}

/** What a session uses, by the platform's own count. What is counted begins anew with each start. Sizes are bytes. */
export interface Usage {
  /** When it was counted, in milliseconds since 1970, by the platform's clock. */
  readonly at: number;
  /** Seconds of one core. */
  readonly cpuSeconds: number;
  /** Without what is only cached. */
  readonly memory: number;
  /** By all its networks. */
  readonly received: number;
  readonly sent: number;
}

/** A session, whether it is there or not. Each call says for itself when it is not. */
export interface Session extends RunningPart {
  readonly id: string;
  health(): Promise<Health>;
  describe(): Promise<Description>;
  /** Asked of the platform alone, so that it may be asked every other second. Nothing where it does not run, or nobody counts. */
  usage(): Promise<Usage | undefined>;
  /** A variable that it was made with. */
  variable(name: string): Promise<string | undefined>;
  /** Brings it back, where it does not run. */
  begin(): Promise<void>;
  /** Stops it, where it runs; its data stays. */
  stop(): Promise<void>;
  restart(): Promise<void>;
  /**
   * Works on its workspace: in the session while it runs, else beside it, where there is no network and no more rights than its own.
   *
   * @throws Error when it does not run and its workspace was in memory
   */
  inWorkspace<T>(work: (place: CommandPlace) => Promise<T>): Promise<T>;
}

/** A session that is there. */
export interface ListedSession extends Session {
  /** `running`, `restarting`, `pending` while the platform is yet to run it, or what it calls any other. */
  readonly state: string;
}

/** What serves a session and can be asked by itself. */
export type PartName = "egress-proxy" | "credential-proxy";

/** Something that serves all sessions of a stack, such as its supervisor. */
export interface StackService {
  readonly name: string;
  readonly state: "starting" | "healthy" | "unhealthy" | "stopped";
  /** Where a person finds it on the platform's machine; nothing where it has no page. */
  readonly url?: string;
  /** The name of that machine, where it is not this one. */
  readonly on?: string;
  /** Where other containers would look for it. */
  readonly at: readonly { readonly address: string; readonly port: number }[];
  /** Ports of the platform's machine at which it is published, whatever the address. @default none */
  readonly published?: readonly number[];
}

/** What commands and verify ask of running sessions, on whatever platform. */
export interface SessionRuntime extends ForVerify {
  /** Where the sessions are, a sentence that a person reads before anything is changed there. @default nowhere that could be mistaken for another */
  readonly where?: string;
  /** The stack's sessions that are there, sorted by id; never those of another checkout's stack of that name. */
  list(): Promise<readonly ListedSession[]>;
  /** One, whether it is there or not. Nothing is asked. */
  session(id: string): Session;
  /** What serves all sessions of the stack, sorted by name. */
  services(): Promise<readonly StackService[]>;
  /** What serves a session; nothing where it has none. */
  part(id: string, name: PartName): Promise<RunningPart | undefined>;
  /** The stack, `<project>/<stack>`, of a session of this id that `list` leaves out; nothing where there is none. */
  stackOf(id: string): Promise<string | undefined>;
  /** What the volumes of each session hold, in bytes; or why that is not known. @param seconds after which counting is given up */
  held(seconds: number): Promise<ReadonlyMap<string, Held> | { readonly notTried: string }>;
  /** Folders of this machine that sessions of any stack may write, those that do not run too. */
  writableFolders(): Promise<readonly WritableFolder[]>;
}

/** What a session's volumes hold, in bytes. */
export interface Held {
  readonly workspace: number;
  readonly session: number;
  readonly logs: number;
}

/** A folder of this machine that a session may write. */
export interface WritableFolder {
  readonly session: string;
  readonly path: string;
}

/** A running session as others would look for it. */
export interface Reachable {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
}

/** A volume that a session has mounted. */
export interface MountedVolume {
  readonly target: string;
  readonly name: string;
  /** The session that its labels name. */
  readonly owner?: string;
  /** What its labels say it holds. */
  readonly kind?: string;
}

/** What stands in for sessions where verify's attempts run. */
export interface StandIns {
  /** Until a command runs there, at most. */
  readonly seconds: number;
  /** Like the session in all that is tried. Nothing is asked. */
  of(id: string): CommandPlace;
}

/** What only verify asks. */
export interface ForVerify {
  /** Left out where attempts run in the sessions themselves. */
  readonly standIns?: StandIns;
  /** Whether sessions run on this very machine. */
  isHere(): Promise<boolean>;
  /** Whether Podman runs them, which enforces less than Docker Engine. @default it does not */
  isPodman?(): Promise<boolean>;
  /** Addresses by which sessions would know this machine, besides its own. */
  gateways(): Promise<readonly string[]>;
  /** How the running sessions of the stack would be looked for, by session. */
  reachable(): Promise<ReadonlyMap<string, Reachable>>;
  /** By running session of the stack, what volumes it has. */
  volumes(): Promise<ReadonlyMap<string, readonly MountedVolume[]>>;
  /** By session, the uid of each that the platform has, whichever stack it belongs to. */
  uids(): Promise<ReadonlyMap<string, number>>;
  /** The egress proxy of a session that is to have one. Nothing is asked. */
  egressProxy(id: string): CommandPlace;
  /** Addresses, of the container that has a session's ports, to which somebody could come from elsewhere. @param byProxy whether its egress proxy has them */
  portAddresses(id: string, byProxy: boolean): Promise<readonly string[]>;
  /** What is known of the cluster that sessions run on; left out where they run on none. */
  cluster?(): Promise<ClusterFacts>;
  /** Runs a program of the sessions' image in the network of the machine that they run on, until it is let go of; or why it cannot. */
  startOnHostNetwork(command: readonly string[]): Promise<StartedCommand | { readonly notTried: string }>;
}

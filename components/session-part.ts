import type * as pulumi from "@pulumi/pulumi";
import { baseline } from "../policy/baseline.ts";

/** What the parts of a session hand to it: the same on every platform, whose own classes make it. */

/**
 * Where a secret is kept. What it holds is opened by the platform's file that brings it to where it is read, and by nothing else;
 * neither JSON nor an inspection shows it.
 */
export class SecretReference<Held = string> {
  /** What people call the place: `env KEY`. */
  readonly name: string;
  /** Where the platform itself keeps it, so that nothing here has it. @default it does not */
  readonly kept: KeptSecret | undefined;
  readonly #open: () => Held;

  constructor(name: string, open: () => Held, kept?: KeptSecret) {
    this.name = name;
    this.kept = kept;
    this.#open = open;
  }

  /** What it holds; for what writes it to where it is read. */
  reveal(): Held {
    return this.#open();
  }

  /** The same secret in another form. */
  map<Other>(change: (held: Held) => Other): SecretReference<Other> {
    return new SecretReference(this.name, () => change(this.#open()));
  }
}

/** A secret that the platform keeps, whoever has put it there. */
export interface KeptSecret {
  readonly name: string;
  /** Which of its values. */
  readonly key: string;
}

/** Where what a session sees in a folder comes from. */
export type MountSource =
  /** The session's own data, which outlives its container: its `workspace`, its `session` data or its `logs`. */
  | { readonly kind: "persistent"; readonly name: string }
  /** What was cloned once and many sessions read. */
  | { readonly kind: "shared"; readonly name: string }
  | {
      /** Any restart empties it. */
      readonly kind: "memory";
      /** Bytes. */
      readonly size: number;
      /** Programs may be run from it. */
      readonly exec: boolean;
      /** Octal permissions. */
      readonly mode: string;
      /** Belongs to who runs there rather than to root. */
      readonly owned: boolean;
    }
  /** A folder or file of the host. */
  | { readonly kind: "host"; readonly path: string }
  /** Files that nobody else reads, by their names. */
  | { readonly kind: "secret"; readonly name: string; readonly files: SecretReference<Readonly<Record<string, string>>> }
  /** One file with what the platform keeps. */
  | { readonly kind: "kept"; readonly secret: KeptSecret; readonly file: string }
  /** Files of a configuration, by their names, which may have folders in them. */
  | { readonly kind: "files"; readonly name: string; readonly files: Readonly<Record<string, string>> }
  /** What a companion leaves there for the session: the socket by which it serves, or what it has fetched. */
  | { readonly kind: "companion"; readonly companion: string; readonly leaves: "socket" | "files" };

/** One thing that a session or a companion sees in its file system. */
export interface Mount {
  /** Absolute path where it is seen. */
  readonly target: string;
  readonly readOnly: boolean;
  readonly source: MountSource;
}

/** A container that is to be held to the baseline, as every platform is told of it. */
export interface ContainerDescription {
  readonly name: string;
  readonly image: pulumi.Input<string>;
  /** Uid and gid. */
  readonly user: readonly [uid: number, gid: number];
  /** What runs, below the init process. */
  readonly program: readonly string[];
  readonly environment: Readonly<Record<string, string | SecretReference>>;
  readonly mounts: readonly Mount[];
}

/** Says by its end whether a container is well. Times are seconds. */
export interface HealthCommand {
  readonly command: readonly string[];
  readonly interval: number;
  readonly timeout: number;
  /** Failures in this time after the start do not count. */
  readonly startPeriod: number;
  readonly retries: number;
}

/** How what containers print is kept, by an engine that is Docker's. */
export interface Logs {
  /** The engine's log driver. journald rotates by itself. */
  readonly driver: "json-file" | "local" | "journald";
  /** Bytes of one file of a container's. @default 50 MB */
  readonly maxSize?: number;
  /** Files of a container's; the oldest goes first. @default 10 */
  readonly maxFiles?: number;
}

/** A container beside a session or before it, with no more rights than a session. */
interface CompanionContainer {
  /** What it is called, which nothing else of its stack is. */
  readonly name: string;
  readonly kind:
    | "egress-proxy"
    | "credential-proxy"
    | "auth"
    | "repository"
    | "supervisor"
    | "engine-reader"
    | "gateway"
    | "postgresql"
    | "redis";
  readonly image: pulumi.Input<string>;
  /** Uid and group. @default those of sessions that have no uid of their own */
  readonly user?: number;
  /** What runs, below the init process. */
  readonly program: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  readonly limits: {
    /** Bytes. */
    readonly memory: number;
    /** Cores, in fractions. */
    readonly cpu: number;
    readonly processes: number;
    /** File descriptors of one process. @default the platform's */
    readonly openFiles?: number;
  };
  /** Where it may connect to. */
  readonly reaches: "nothing" | "any host";
}

/** One that does its job and ends well before the session starts. */
export interface Job extends CompanionContainer {
  readonly runs: "before";
  /** A changed secret of its own runs it again. @default false */
  readonly again?: boolean;
}

/** One that serves for as long as the session is there. */
export interface Service extends CompanionContainer {
  readonly runs: "beside";
  readonly health: HealthCommand;
}

export type Companion = Job | Service;

export const isJob = (companion: Companion): companion is Job => companion.runs === "before";
export const isService = (companion: Companion): companion is Service => companion.runs === "beside";

/** What one part of a session hands to it. */
export interface SessionPart {
  readonly mounts: readonly Mount[];
  /** Plain variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** Variables whose values are secret. */
  readonly secretEnvironment: Readonly<Record<string, SecretReference>>;
  readonly companions: readonly Companion[];
  /** What the session may do by it beyond a sealed box: fragments of plain sentences, which name a secret and never what it holds. */
  readonly authority: readonly string[];
}

/** A host that a session finds by a name of its own, without asking a resolver. */
export interface Alias {
  readonly host: string;
  readonly address: pulumi.Input<string>;
}

/** A part as a platform has made it. Companions that are left in it run in the session's own pod, where it has one. */
export interface MadePart extends SessionPart {
  /** What the session finds by name, where its network has no names of its own. @default nothing */
  readonly aliases?: readonly Alias[];
  /** The resources in which its volumes lie, by their names, where a platform names these itself. @default the names are enough */
  readonly volumes?: ReadonlyMap<string, pulumi.CustomResource>;
  /** Groups whose rules hold for the session's network interface, where its network is made of such. @default none */
  readonly groups?: readonly pulumi.Input<string>[];
  /** What must be there before the session starts. */
  readonly resources: readonly pulumi.Resource[];
  /** Those of which another one is another session container. @default none */
  readonly replaceWith?: readonly pulumi.Resource[];
}

/** A part that hands nothing on but what is given. */
export const part = (given: Partial<SessionPart>): SessionPart => ({
  mounts: [],
  environment: {},
  secretEnvironment: {},
  companions: [],
  authority: [],
  ...given,
});

const MiB = 1024 ** 2;

/** A secret that the platform keeps, as a file. */
export const keptFile = (secret: KeptSecret, file: string) => ({ kind: "kept", secret, file }) as const;

/** A secret as a file of a companion's own, `/secret/<file>`. */
export function secretMount(file: string, secret: SecretReference): Mount {
  const source = (secret.kept && keptFile(secret.kept, file)) ?? {
    kind: "secret",
    name: "secret",
    files: secret.map((content) => ({ [file]: content })),
  };
  return { target: "/secret", readOnly: true, source };
}

/** Memory for what a program keeps for as long as it runs. */
export const scratch: Mount = {
  target: "/tmp",
  readOnly: false,
  source: { kind: "memory", size: 64 * MiB, exec: false, mode: "1777", owned: false },
};

/** What a companion of one job may use. */
export const jobLimits = { memory: 1024 * MiB, cpu: 1, processes: 128 } as const;

/** What a small companion that serves one session may use. */
export const serviceLimits = { memory: 256 * MiB, cpu: 0.5, processes: 128 } as const;

/** Who a companion runs as: uid and group. */
export const userOf = ({ user }: Pick<Companion, "user">): readonly [uid: number, gid: number] =>
  user === undefined ? [baseline.user.uid, baseline.user.gid] : [user, user];

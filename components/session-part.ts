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
  readonly #open: () => Held;

  constructor(name: string, open: () => Held) {
    this.name = name;
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
  /** What a companion leaves there for the session: the socket by which it serves, or what it has fetched. */
  | { readonly kind: "companion"; readonly companion: string; readonly leaves: "socket" | "files" };

/** One thing that a session or a companion sees in its file system. */
export interface Mount {
  /** Absolute path where it is seen. */
  readonly target: string;
  readonly readOnly: boolean;
  readonly source: MountSource;
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

/** A container beside a session or before it, with no more rights than a session. */
interface CompanionContainer {
  /** What it is called, which nothing else of its stack is. */
  readonly name: string;
  readonly kind: "egress-proxy" | "credential-proxy" | "auth" | "repository";
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

/** A part as a platform has made it. */
export interface MadePart extends SessionPart {
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

/** A secret as a file of a companion's own, `/secret/<file>`. */
export function secretMount(file: string, secret: SecretReference): Mount {
  const files = secret.map((content) => ({ [file]: content }));
  return { target: "/secret", readOnly: true, source: { kind: "secret", name: "secret", files } };
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

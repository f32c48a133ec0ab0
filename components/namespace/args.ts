import type { Owner } from "../session.ts";

/** A kind of pod, and how many there may be of it at once, those that take another's place included. */
export interface PodRoom {
  readonly pods: number;
  /** Bytes of memory that one may use. */
  readonly memory: number;
  /** Cores that one may use. */
  readonly cpu: number;
  /** Bytes that one may write to its node's disk. */
  readonly disk: number;
}

/** What pods and claims may take together. */
export interface Room {
  readonly pods: readonly PodRoom[];
  /** Bytes of each claim. */
  readonly claims: readonly number[];
}

/** What all objects in a namespace may take together. Sizes are bytes. */
export interface Quota {
  readonly pods: number;
  readonly memory: number;
  /** Cores. */
  readonly cpu: number;
  /** Of the nodes' own disks. */
  readonly disk: number;
  /** @default as many as there are: they outlive their sessions, so that those of removed ones would take the room of new ones */
  readonly claims?: number;
  /** Of all claims. @default whatever they take */
  readonly storage?: number;
}

/** What a cluster holds every pod of a namespace to by itself, in the Common Expression Language. */
export interface Admission {
  readonly variables: readonly { readonly name: string; readonly expression: string }[];
  /** Conditions, and what a person reads of a pod that breaks one. */
  readonly validations: readonly { readonly expression: string; readonly message: string }[];
}

/** The namespace of one stack's sessions. */
export interface SessionNamespaceArgs extends Owner {
  /** A DNS label. */
  readonly namespace: string;
  /** What its pods and claims take, which its quota and limits follow from. */
  readonly room: Room;
  /** Figures of the quota that are not to follow from that: more, for pods of others, or less. @default none */
  readonly quota?: Partial<Quota>;
  /** The version of Pod Security's level `restricted`; a cluster that is older holds pods to its own newest. @default v1.35 */
  readonly podSecurity?: string;
  readonly admission: Admission;
}

/** The oldest version that leaves out nothing of what newer ones found; the policy's K8S-002 asks for it. */
export const podSecurityVersion = "v1.35";

/**
 * What room comes to, twice: what is removed from a stack goes last, after all else is rolled out, and would otherwise hold what the
 * rest needs for that.
 */
export function quotaOf({ room: { pods }, quota }: Pick<SessionNamespaceArgs, "room" | "quota">): Quota {
  const sum = (of: (room: PodRoom) => number) => 2 * pods.reduce((total, room) => total + room.pods * of(room), 0);
  return {
    pods: sum(() => 1),
    memory: sum(({ memory }) => memory),
    cpu: sum(({ cpu }) => cpu),
    disk: sum(({ disk }) => disk),
    ...quota,
  };
}

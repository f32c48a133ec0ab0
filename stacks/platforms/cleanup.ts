import type { CleanupPolicy } from "../settings/cleanup.ts";

/** Clean-up by policy, on whatever platform. */

/** One object of a session's that a policy is about. */
export interface Item {
  readonly policy: string;
  readonly session: string;
  readonly kind: "container" | "network" | "volume";
  readonly name: string;
  /** Why it goes, or stays, as a sentence goes on. */
  readonly why: string;
  /** What a volume holds; left out where that is not known. */
  readonly bytes?: number;
}

/** What of one session goes by one policy, all together. */
export interface Removal {
  readonly policy: CleanupPolicy;
  readonly session: string;
  readonly items: readonly Item[];
  /** It stays when the disk has room again before its turn, and by what is known it will. */
  readonly spare: boolean;
}

/** What clean-up would do. */
export interface CleanupPlan {
  /** In the order in which they are carried out. */
  readonly removals: readonly Removal[];
  readonly kept: readonly Item[];
  /** What could not be found out, a sentence each. */
  readonly failures: readonly string[];
}

/** The bytes that volumes held, as far as that is known. */
export const freedBy = (items: readonly Item[]): number => items.reduce((sum, { bytes = 0 }) => sum + bytes, 0);

/** What clean-up is about. */
export interface CleanupRequest {
  readonly policies: readonly CleanupPolicy[];
  /** Those that somebody named; of the others, the manual ones do nothing. */
  readonly asked: readonly string[];
  /** The sessions of the stack file. */
  readonly described: readonly string[];
  readonly now: Date;
}

/** A volume's archive. */
export interface Archived {
  /** Absolute. */
  readonly path: string;
  readonly sha256: string;
  /** Bytes of the file. */
  readonly size: number;
  /** False when an earlier run had made it. */
  readonly made: boolean;
}

/** What became of a removal. */
export interface Removed {
  readonly gone: readonly (Item & { readonly archive?: Archived })[];
  readonly kept: readonly Item[];
  readonly failures: readonly string[];
}

/** What is left for who watches the stack. */
export interface LastRun {
  readonly time: Date;
  readonly removed: number;
  readonly kept: number;
  readonly failed: number;
  /** When another is due to have ended at the earliest. @default nobody has said that there will be one */
  readonly next?: Date | "none";
}

/** Cleans a stack up. Whoever calls holds the stack's lock. */
export interface Cleaner {
  /** Takes away what runs that were killed have left of their own, and what was begun and is no longer to be finished. */
  tidy(request: CleanupRequest): Promise<void>;
  /** What would go, and what stays and why. Nothing is changed. */
  plan(request: CleanupRequest): Promise<CleanupPlan>;
  /** Carries a removal out, as far as it is still due. A failure is an outcome, never an error. @param say told of what takes long */
  carryOut(removal: Removal, request: CleanupRequest, say: (line: string) => void): Promise<Removed>;
  /** Leaves word of a run, in the place of the word before it. */
  leaveWord(run: LastRun): Promise<void>;
  /** Takes away all that clean-up itself has left. */
  forget(): Promise<void>;
}

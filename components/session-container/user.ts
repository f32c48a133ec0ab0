import { createHash } from "node:crypto";
import { baseline } from "../../policy/baseline.ts";

const { first, last } = baseline.ownUids;

/** The uid that a session of this name has when it is to have one of its own: the same wherever it runs. */
export function ownUid(sessionId: string): number {
  return first + (createHash("sha256").update(sessionId).digest().readUInt32BE() % (last - first + 1));
}

/** Whether a uid is of the range from which sessions have one each. */
export function isOwnUid(uid: number): boolean {
  return uid >= first && uid <= last;
}

/** Who a session's processes are. */
export function uidOf({ uid = baseline.user.uid }: { readonly uid?: number }): number {
  return uid;
}

/**
 * The signals and timers that may wait for a uid of a session's own. The kernel counts them for a uid and compares the sum with the
 * limit of whoever asks: a lower limit would make it easier to starve those who share the uid, so that one is left alone.
 */
export function pendingSignalsOf(uid: number, { processes }: { readonly processes: number }): number | undefined {
  return isOwnUid(uid) ? processes * baseline.limits.pendingSignals : undefined;
}

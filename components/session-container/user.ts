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

import type { Held, SessionRuntime } from "../runtime/runtime.ts";

/** Seconds that counting what volumes hold may take. */
export const countingSeconds = 30;

/** What the volumes of each session hold; of none, with the reason printed, when that is not known. */
export async function heldNow(runtime: SessionRuntime): Promise<ReadonlyMap<string, Held>> {
  const held = await whileCounting(runtime.held(countingSeconds));
  if (!("notTried" in held)) return held;
  console.error(`sessions: ${held.notTried}`);
  return new Map();
}

/** Says what is waited for when it takes longer than a moment. */
export function whileCounting<T>(counting: Promise<T>): Promise<T> {
  const note = setTimeout(() => console.error(`What the volumes hold is counted, for ${countingSeconds} seconds at most.`), 2000);
  return counting.finally(() => clearTimeout(note));
}

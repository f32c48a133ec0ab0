import { statfs } from "node:fs/promises";
import { type MeasuredVolume, measureVolumes } from "../../components/container-engine/disk-usage.ts";
import type { Held, SessionRuntime } from "../runtime/runtime.ts";
import { formatSize } from "../units.ts";

/** Seconds that the engine may count. */
const patience = 30;

/** Has the engine count all its volumes. @returns nothing, with the reason printed, when it does not */
export function volumesNow(docker: Parameters<typeof measureVolumes>[0]): Promise<readonly MeasuredVolume[] | undefined> {
  return counted(measureVolumes(docker, patience));
}

/** What the volumes of each session hold; of none, with the reason printed, when that is not known. */
export async function heldNow(runtime: SessionRuntime): Promise<ReadonlyMap<string, Held>> {
  const held = await counted(runtime.held(patience));
  return held ?? new Map();
}

/** Says so when counting takes longer than a moment, and why it came to nothing. */
async function counted<T extends object>(counting: Promise<T | { readonly notTried: string }>): Promise<T | undefined> {
  const note = setTimeout(() => console.error(`The engine counts what its volumes hold, for ${patience} seconds at most.`), 2000);
  const result = await counting.finally(() => clearTimeout(note));
  if (!("notTried" in result)) return result as T;
  console.error(`sessions: ${result.notTried}`);
  return undefined;
}

/** The volumes that hold most, the largest first, as people read them. */
export function largest(volumes: readonly MeasuredVolume[], count = 3): string {
  const held = volumes.filter(({ bytes }) => bytes > 0).toSorted((one, other) => other.bytes - one.bytes);
  return held
    .slice(0, count)
    .map(({ name, bytes }) => `${name} ${formatSize(bytes)}`)
    .join(", ");
}

/** Bytes that a file system still gives to who is not root; nothing where it cannot be asked from here. */
export async function freeBytes(folder: string): Promise<number | undefined> {
  return statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => undefined,
  );
}

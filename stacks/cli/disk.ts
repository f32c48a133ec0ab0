import { statfs } from "node:fs/promises";
import type Docker from "dockerode";
import { type Held, heldBySession, type MeasuredVolume, measureVolumes } from "../../components/container-engine/disk-usage.ts";
import { formatSize } from "../units.ts";

/** Seconds that the engine may count. */
const patience = 30;

/** Has the engine count, and says so when it takes longer than a moment. @returns nothing, with the reason printed, when it does not */
export async function volumesNow(docker: Docker): Promise<readonly MeasuredVolume[] | undefined> {
  const note = setTimeout(() => console.error(`The engine counts what its volumes hold, for ${patience} seconds at most.`), 2000);
  const volumes = await measureVolumes(docker, patience).finally(() => clearTimeout(note));
  if (!("notTried" in volumes)) return volumes;
  console.error(`sessions: ${volumes.notTried}`);
  return undefined;
}

/** What the volumes of each session hold; of none, when that is not known. */
export async function heldNow(docker: Docker): Promise<ReadonlyMap<string, Held>> {
  return heldBySession((await volumesNow(docker)) ?? []);
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

import { setTimeout as delay } from "node:timers/promises";
import type Docker from "dockerode";
import { baseline } from "../../policy/baseline.ts";

/** A volume and what its files hold, in bytes of their lengths: a file with holes counts whole. */
export interface MeasuredVolume {
  readonly name: string;
  readonly bytes: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** Why the engine did not say what its volumes hold. */
export interface NotMeasured {
  readonly notTried: string;
}

/** The client library declares neither the option nor the answer. */
interface DiskUsage {
  df(options: { abortSignal: AbortSignal }): Promise<{
    Volumes?: readonly { Name: string; UsageData?: { Size: number } | null }[] | null;
  }>;
}

/**
 * Has the engine measure all its volumes. It reads every file of each, so it may take long.
 *
 * @param seconds after which it is told to stop
 * @returns the volumes, or why they are not known
 */
export async function measureVolumes(docker: Docker, seconds: number): Promise<readonly MeasuredVolume[] | NotMeasured> {
  const abortSignal = AbortSignal.timeout(seconds * 1000);
  for (;;) {
    try {
      const { Volumes } = await (docker as unknown as DiskUsage).df({ abortSignal });
      // Podman leaves labels out where it says what volumes hold.
      const listed = new Map((await docker.listVolumes({ abortSignal })).Volumes.map(({ Name, Labels }) => [Name, Labels]));
      return (Volumes ?? []).flatMap(({ Name, UsageData }) =>
        UsageData == null || UsageData.Size < 0 ? [] : [{ name: Name, bytes: UsageData.Size, labels: listed.get(Name) ?? {} }],
      );
    } catch (error) {
      if (abortSignal.aborted) return { notTried: `the engine had not counted what its volumes hold after ${seconds} seconds` };
      const { message } = error as Error;
      // Engines before 23 measure for one client at a time and refuse the others; Podman gives up over a container that goes meanwhile.
      if (!/already running|no such container/.test(message))
        return { notTried: `the engine cannot count what its volumes hold: ${message}` };
      await delay(200);
    }
  }
}

/** What a session's volumes hold, in bytes. */
export interface Held {
  readonly workspace: number;
  readonly session: number;
  readonly logs: number;
}

const nothing: Held = { workspace: 0, session: 0, logs: 0 };

/** What the volumes of each session hold, by the labels that they were made with. */
export function heldBySession(volumes: readonly MeasuredVolume[]): ReadonlyMap<string, Held> {
  const held = new Map<string, Held>();
  for (const { bytes, labels } of volumes) {
    const { session_id: id, kind = "" } = labels;
    if (id === undefined || labels.created_by !== baseline.createdBy || !Object.hasOwn(nothing, kind)) continue;
    held.set(id, { ...(held.get(id) ?? nothing), [kind]: bytes });
  }
  return held;
}

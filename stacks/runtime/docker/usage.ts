import type Docker from "dockerode";
import { ignore } from "../../../components/container-engine/answers.ts";
import type { Usage } from "../runtime.ts";

/** What the engine counts of a container; of one that does not run, nothing. The client library declares all of it as given. */
type Counted = {
  readonly read: string;
  readonly cpu_stats?: { readonly cpu_usage?: { readonly total_usage?: number } };
  readonly memory_stats?: { readonly usage?: number; readonly stats?: Readonly<Record<string, number>> };
  readonly networks?: Readonly<Record<string, { readonly rx_bytes: number; readonly tx_bytes: number }>>;
};

/** Asks once, without the second that the engine would wait for a rate of its own. */
export async function askUsage(container: Docker.Container): Promise<Usage | undefined> {
  const options = { stream: false, "one-shot": true } as const;
  return usageOf((await container.stats(options).catch(ignore(404, 409))) as Counted | undefined);
}

/** Reads what the engine counted; nothing where it counted nothing. */
export function usageOf(counted: Counted | undefined): Usage | undefined {
  const { usage } = counted?.memory_stats ?? {};
  if (counted === undefined || usage === undefined) return undefined;
  const networks = Object.values(counted.networks ?? {});
  return {
    at: Date.parse(counted.read),
    cpuSeconds: (counted.cpu_stats?.cpu_usage?.total_usage ?? 0) / 1e9,
    memory: Math.max(0, usage - cacheIn(counted.memory_stats?.stats)),
    received: networks.reduce((sum, { rx_bytes }) => sum + rx_bytes, 0),
    sent: networks.reduce((sum, { tx_bytes }) => sum + tx_bytes, 0),
  };
}

/** Bytes of files that the kernel gives up first: cgroups of version 1 sum them up under a name of its own. `docker stats` leaves out the same. */
function cacheIn(stats: Readonly<Record<string, number>> = {}): number {
  return stats.total_inactive_file ?? stats.inactive_file ?? 0;
}

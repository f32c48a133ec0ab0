// One measurement of a container, from what the engine counts of it.

/** What is read of the engine's figures. */
export interface Stats {
  readonly read: string;
  readonly cpu_stats: { readonly cpu_usage?: { readonly total_usage?: number } | null; readonly online_cpus?: number };
  readonly memory_stats: {
    readonly usage?: number;
    readonly limit?: number;
    readonly stats?: { readonly total_inactive_file?: number; readonly inactive_file?: number } | null;
  };
  readonly pids_stats?: { readonly current?: number } | null;
  readonly blkio_stats?: { readonly io_service_bytes_recursive?: readonly { readonly op: string; readonly value: number }[] | null } | null;
  readonly networks?: Readonly<Record<string, { readonly rx_bytes: number; readonly tx_bytes: number }>> | null;
}

export interface Sample {
  /** Milliseconds since 1970, by the engine's clock. */
  readonly at: number;
  readonly cpuSeconds: number;
  readonly onlineCpus: number;
  /** Bytes, without what the kernel could drop of its page cache, as `docker stats` has it. */
  readonly memory: number;
  /** Bytes; where there is none, the machine's memory. */
  readonly memoryLimit: number;
  readonly processes: number;
  readonly received: number;
  readonly transmitted: number;
  readonly blockRead: number;
  readonly blockWritten: number;
}

/** @returns undefined for a container that does not run */
export function sampleOf(stats: Stats): Sample | undefined {
  const { cpu_stats: cpu, memory_stats: memory, pids_stats: processes, blkio_stats: block, networks } = stats;
  const at = Date.parse(stats.read);
  const { usage, limit = 0 } = memory;
  // The engine writes the year 1 where it measured nothing.
  if (!(at > 0) || usage === undefined) return undefined;
  const legs = Object.values(networks ?? {});
  const operations = block?.io_service_bytes_recursive ?? [];
  const moved = (name: string) => sum(operations.flatMap(({ op, value }) => (op.toLowerCase() === name ? [value] : [])));
  return {
    at,
    cpuSeconds: (cpu.cpu_usage?.total_usage ?? 0) / 1e9,
    onlineCpus: cpu.online_cpus ?? 1,
    memory: usage - droppable(memory.stats ?? {}, usage),
    memoryLimit: limit,
    processes: processes?.current ?? 0,
    received: sum(legs.map(({ rx_bytes }) => rx_bytes)),
    transmitted: sum(legs.map(({ tx_bytes }) => tx_bytes)),
    blockRead: moved("read"),
    blockWritten: moved("write"),
  };
}

/** The inactive part of the page cache; control groups of version 1 count that of what is below a group under another name. */
function droppable(stats: NonNullable<Stats["memory_stats"]["stats"]>, usage: number): number {
  const inactive = stats.total_inactive_file ?? stats.inactive_file ?? 0;
  return inactive < usage ? inactive : 0;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** What changed from one measurement to the next, per second; undefined where the container was started anew between them. */
export function perSecond(before: Sample | undefined, now: Sample, of: (sample: Sample) => number): number | undefined {
  if (before === undefined || now.at <= before.at) return undefined;
  const change = of(now) - of(before);
  return change < 0 ? undefined : change / ((now.at - before.at) / 1000);
}

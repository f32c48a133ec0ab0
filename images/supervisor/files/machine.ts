// The machine that the engine runs on, seen from a container of it: what /proc says of it is not the container's own.
import { readFile, statfs } from "node:fs/promises";

export interface Machine {
  /** Share of all cores that was busy since the measurement before, 0 to 1; undefined the first time. */
  readonly cpuRatio: number | undefined;
  /** Bytes. */
  readonly memory: number;
  readonly memoryAvailable: number;
  /** Bytes of the file system on which the engine keeps its data. */
  readonly disk: number;
  readonly diskFree: number;
  readonly load1: number;
}

/** Ticks of all cores together. */
interface Ticks {
  readonly all: number;
  readonly idle: number;
}

let before: Ticks | undefined;

export async function measureMachine(): Promise<Machine> {
  const [stat, memory, load, disk] = await Promise.all([
    readFile("/proc/stat", "utf8"),
    readFile("/proc/meminfo", "utf8"),
    readFile("/proc/loadavg", "utf8"),
    statfs("/"),
  ]);
  const now = ticksOf(stat);
  const cpuRatio = before === undefined || now.all <= before.all ? undefined : 1 - (now.idle - before.idle) / (now.all - before.all);
  before = now;
  return {
    cpuRatio,
    memory: bytesOf(memory, "MemTotal"),
    memoryAvailable: bytesOf(memory, "MemAvailable"),
    disk: disk.blocks * disk.bsize,
    diskFree: disk.bavail * disk.bsize,
    load1: Number(load.split(" ")[0]),
  };
}

/** Of the first line: user, nice, system, idle, waiting for the disk, and so on; what guests take is in that of their hosts. */
export function ticksOf(stat: string): Ticks {
  const ticks = (stat.split("\n")[0] ?? "").trim().split(/\s+/).slice(1, 9).map(Number);
  return { all: ticks.reduce((sum, each) => sum + each, 0), idle: (ticks[3] ?? 0) + (ticks[4] ?? 0) };
}

/** A line of /proc/meminfo. */
export function bytesOf(meminfo: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(meminfo)?.[1] ?? Number.NaN) * 1024;
}

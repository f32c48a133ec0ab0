// What is known of one session.
import { EgressRecord } from "./records.ts";
import { perSecond, type Sample } from "./samples.ts";
import type { SessionState } from "./session-state.ts";

/** Milliseconds after which a figure says nothing of now any more. */
const stale = 35_000;

/** One figure of the last hour, at one value each 10 seconds; NaN where there was none. */
export class Curve {
  static readonly length = 360;
  readonly #values: number[] = [];

  add(value: number | undefined): void {
    this.#values.push(value ?? Number.NaN);
    if (this.#values.length > Curve.length) this.#values.shift();
  }

  /** Oldest first. */
  get values(): readonly number[] {
    return this.#values;
  }
}

/** What the settings give a session, and what the engine says of its container. */
export interface Facts extends SessionState {
  readonly container: string;
  readonly image: string;
  readonly restarts: number;
  /** Cores; 0 for all of the machine. */
  readonly cpuLimit: number;
  /** Bytes; 0 for all of the machine. */
  readonly memoryLimit: number;
  /** 0 for no limit. */
  readonly processesLimit: number;
  /** Bytes; 0 for no limit. */
  readonly diskLimit: number;
  /** It has a credential proxy, whether that is there or not. */
  readonly modelProxy: boolean;
  /** Seconds since 1970. */
  readonly created: number;
}

/** Bytes by place. */
export type Disk = Partial<Record<"container" | "workspace" | "session" | "logs", number>>;

/** What a session takes now. Ratios are shares of its limits, 0 to 1. */
export interface Usage extends Sample {
  readonly cpuLimit: number;
  readonly cpuRatio: number | undefined;
  readonly memoryRatio: number;
  /** Bytes each second, both ways. */
  readonly network: number | undefined;
}

export class Watched {
  readonly id: string;
  readonly egress = new EgressRecord();
  readonly curves = { cpu: new Curve(), memory: new Curve(), network: new Curve(), refused: new Curve() };
  facts: Facts | undefined;
  oomKills = 0;
  disk: Disk = {};
  /** Whether the credential proxy serves; undefined where none is there. */
  credentialProxy: boolean | undefined;
  /** The id of its container that was measured last. */
  container = "";
  #before: Sample | undefined;
  #now: Sample | undefined;
  #taken = 0;
  #refused = 0;

  constructor(id: string) {
    this.id = id;
  }

  /** @param sample none of a container that does not run, or that the engine said nothing of in time */
  measured(container: string, sample: Sample | undefined): void {
    // Another container counts from zero.
    this.#before = container === this.container ? this.#now : undefined;
    this.container = container;
    this.#now = sample;
    this.#taken = Date.now();
    const usage = this.usage();
    this.curves.cpu.add(usage?.cpuRatio);
    this.curves.memory.add(usage?.memoryRatio);
    this.curves.network.add(usage?.network);
    this.curves.refused.add(this.egress.counts.denied - this.#refused);
    this.#refused = this.egress.counts.denied;
  }

  /** Undefined where nothing recent is known. */
  usage(): Usage | undefined {
    const [before, now, facts] = [this.#before, this.#now, this.facts];
    if (now === undefined || facts === undefined || Date.now() - this.#taken > stale) return undefined;
    const cpuLimit = facts.cpuLimit || now.onlineCpus;
    const memoryLimit = facts.memoryLimit || now.memoryLimit;
    const cores = perSecond(before, now, ({ cpuSeconds }) => cpuSeconds);
    return {
      ...now,
      cpuLimit,
      memoryLimit,
      cpuRatio: cores === undefined ? undefined : cores / cpuLimit,
      memoryRatio: memoryLimit === 0 ? 0 : now.memory / memoryLimit,
      network: perSecond(before, now, ({ received, transmitted }) => received + transmitted),
    };
  }
}

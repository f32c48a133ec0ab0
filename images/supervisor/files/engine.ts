// What the supervisor asks the engine, by way of the reader.
import type { Readable } from "node:stream";
import Docker from "dockerode";
import { lines, nanoseconds, pieces } from "./follow.ts";
import type { Inspected } from "./session-state.ts";
import type { Stats } from "./samples.ts";

/** Milliseconds after which a question about one container counts as not answered. */
const shortly = 5000;
/** Milliseconds that the engine has for reading every file of every volume. */
const atLength = 55_000;

export interface Listed {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly State: string;
  readonly Status: string;
  /** Seconds since 1970. */
  readonly Created: number;
  readonly Labels: { readonly session_id?: string; readonly serves?: string; readonly kind?: string };
}

export interface Described extends Inspected {
  readonly Name: string;
  readonly HostConfig: { readonly Memory?: number; readonly NanoCpus?: number; readonly PidsLimit?: number | null };
  readonly Config: { readonly Image: string; readonly Env: readonly string[] };
}

/** What the engine's containers and volumes hold, as it counts it. */
export interface Usage {
  readonly Containers: readonly { readonly Id: string; readonly SizeRw?: number }[];
  readonly Volumes: readonly {
    readonly Labels: { readonly session_id?: string; readonly kind?: string };
    readonly UsageData?: { readonly Size: number } | null;
  }[];
}

/** What a clean-up left of itself. */
export interface CleanUp {
  readonly last_run?: string;
  /** When another is due, where one comes. */
  readonly next_run?: string;
  readonly outcome?: string;
  readonly report?: string;
}

interface Record {
  readonly at: bigint;
  readonly text: string;
}

export class Engine {
  readonly #docker: Docker;

  constructor(socketPath = "/run/engine-reader/socket") {
    this.#docker = new Docker({ socketPath });
  }

  async containers(): Promise<readonly Listed[]> {
    return (await this.#docker.listContainers({ abortSignal: AbortSignal.timeout(shortly) })) as unknown as Listed[];
  }

  async inspect(id: string): Promise<Described> {
    return (await this.#docker.getContainer(id).inspect({ abortSignal: AbortSignal.timeout(shortly) })) as unknown as Described;
  }

  /** Without the engine's own wait of a second: what matters is the difference to the time before. */
  async stats(id: string): Promise<Stats> {
    const options = { stream: false, "one-shot": true, abortSignal: AbortSignal.timeout(shortly) } as const;
    return (await this.#docker.getContainer(id).stats(options)) as unknown as Stats;
  }

  async usage(): Promise<Usage> {
    const docker = this.#docker as unknown as { df(options: { abortSignal: AbortSignal }): Promise<Usage> };
    return docker.df({ abortSignal: AbortSignal.timeout(atLength) });
  }

  async cleanUps(): Promise<readonly CleanUp[]> {
    const { Volumes } = await this.#docker.listVolumes({ abortSignal: AbortSignal.timeout(shortly) });
    return Volumes.map(({ Labels }) => Labels as CleanUp);
  }

  logs(id: string, since: string, abortSignal: AbortSignal): Promise<Readable> {
    const options = { follow: true, stdout: true, timestamps: true, since, abortSignal } as const;
    return this.#docker.getContainer(id).logs(options as unknown as Docker.ContainerLogsOptions & { follow: true }) as Promise<Readable>;
  }

  events(since: string, abortSignal: AbortSignal): Promise<Readable> {
    const docker = this.#docker as unknown as { getEvents(options: object): Promise<Readable> };
    return docker.getEvents({ since, abortSignal });
  }
}

/** What a container prints, with the moment that the engine puts before it. */
export async function* printed(stream: Readable): AsyncIterable<Record> {
  for await (const piece of pieces(stream)) {
    const [, time = "", text = ""] = /^(\S+) ([^\n]*)/.exec(piece) ?? [];
    const at = nanoseconds(time);
    if (at !== undefined) yield { at, text };
  }
}

/** The sessions in which memory ran out, with the moment. */
export async function* ranOut(stream: Readable): AsyncIterable<Record> {
  for await (const line of lines(stream)) {
    const [, nano] = /"timeNano":(\d+)/.exec(line) ?? [];
    const { Actor } = JSON.parse(line) as { Actor?: { Attributes?: { session_id?: string; kind?: string } } };
    const { session_id: session, kind } = Actor?.Attributes ?? {};
    if (nano !== undefined && session !== undefined && kind === undefined) yield { at: BigInt(nano), text: session };
  }
}

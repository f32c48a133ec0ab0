// Follows what a container prints, or what the engine tells of events, and comes back to where it was when it is cut off.
import type { Readable } from "node:stream";

/** A moment in nanoseconds since 1970, as the engine writes it in its records. */
export function nanoseconds(text: string): bigint | undefined {
  const [, seconds, fraction = "", zone] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  const milliseconds = Date.parse(`${seconds}${zone}`);
  return Number.isNaN(milliseconds) ? undefined : BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}

/** A moment as the engine takes it in `since`. */
export const sinceOf = (moment: bigint): string => `${moment / 1_000_000_000n}.${String(moment % 1_000_000_000n).padStart(9, "0")}`;

/** Bytes without an end of the line, or of one piece, after which what follows is no record of ours. */
const longest = 1024 ** 2;

/** The lines of a stream in which each has the engine's header of 8 bytes: the last 4 are the length. */
export async function* pieces(stream: Readable): AsyncIterable<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 8) {
      const length = rest.readUInt32BE(4);
      if (length > longest) throw new Error("no record of the engine");
      if (rest.length < 8 + length) break;
      yield rest.subarray(8, 8 + length).toString("utf8");
      rest = rest.subarray(8 + length);
    }
  }
}

/** The lines of a stream. */
export async function* lines(stream: Readable): AsyncIterable<string> {
  let rest = "";
  for await (const chunk of stream.setEncoding("utf8") as AsyncIterable<string>) {
    const [...whole] = (rest + chunk).split("\n");
    rest = whole.pop() ?? "";
    if (rest.length > longest) throw new Error("no record of the engine");
    yield* whole;
  }
}

export interface Followed {
  /** Opens it from a moment on; the moment's own records are in it. */
  readonly open: (since: string, signal: AbortSignal) => Promise<Readable>;
  /** Reads what comes, and says of what moment it is. */
  readonly read: (stream: Readable) => AsyncIterable<{ readonly at: bigint; readonly text: string }>;
  readonly take: (text: string, at: bigint) => void;
}

export class Follower {
  readonly #followed: Followed;
  readonly #stopped = new AbortController();
  #next: bigint;
  #running = false;

  /** @param since the moment of the first record */
  constructor(followed: Followed, since: bigint) {
    this.#followed = followed;
    this.#next = since;
  }

  /** Goes on where it was, if it is not at it. */
  ensure(): void {
    if (this.#running || this.#stopped.signal.aborted) return;
    this.#running = true;
    // A container that is gone or an engine that is away: the next call tries again.
    void this.#follow()
      .catch(() => {})
      .finally(() => {
        this.#running = false;
      });
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #follow(): Promise<void> {
    const { open, read, take } = this.#followed;
    const { signal } = this.#stopped;
    const since = this.#next;
    const stream = await open(sinceOf(since), signal);
    const stop = () => stream.destroy();
    signal.addEventListener("abort", stop);
    try {
      for await (const { at, text } of read(stream)) {
        // Several may be of one moment: some log drivers count no finer than milliseconds.
        if (at < since) continue;
        this.#next = at + 1n;
        take(text, at);
      }
    } finally {
      signal.removeEventListener("abort", stop);
      stream.destroy();
    }
  }
}

import { Writable } from "node:stream";
import { formatSize } from "./units.ts";

/** Writes to another stream and waits until that has taken it. */
export function passOn(target: Writable, chunk: Buffer | string): Promise<void> {
  return new Promise((resolve, reject) => target.write(chunk, (error) => (error ? reject(error) : resolve())));
}

/** A stream that does something with each piece, one at a time, so that whoever writes faster is held up and nothing piles up here. */
export function eachPiece(take: (chunk: Buffer) => Promise<void> | void, end: () => Promise<void> | void = () => {}): Writable {
  const settle = (work: () => Promise<void> | void, done: (error?: Error) => void) =>
    void Promise.resolve()
      .then(work)
      .then(() => done(), done);
  return new Writable({
    write: (chunk: Buffer, _, done) => settle(() => take(chunk), done),
    final: (done) => settle(end, done),
    // Whoever writes is told; without a listener the process would end.
  }).on("error", () => {});
}

/** A stream of which nothing is kept. */
export const ignored = (): Writable => eachPiece(() => {});

/**
 * Takes apart what a container without a terminal writes: each piece has a header of 8 bytes, the stream's number and, in the
 * last 4, its length.
 */
export function demultiplexer(output: Writable, errors: Writable): Writable {
  let header = Buffer.alloc(0);
  let left = 0;
  return eachPiece(async (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (left === 0) {
        const part = chunk.subarray(at, at + 8 - header.length);
        header = Buffer.concat([header, part]);
        at += part.length;
        if (header.length < 8) return;
        left = header.readUInt32BE(4);
      }
      const piece = chunk.subarray(at, at + left);
      at += piece.length;
      left -= piece.length;
      const target = header[0] === 2 ? errors : output;
      if (left === 0) header = Buffer.alloc(0);
      if (piece.length > 0) await passOn(target, piece);
    }
  });
}

/**
 * A stream on to another, which it ends, that takes so many bytes and fails when more come.
 *
 * @param sentence what to say then, given the size as people write it
 */
export function capped(target: Writable, most: number, sentence: (size: string) => string): Writable {
  let total = 0;
  target.on("error", () => {});
  return eachPiece(
    async (chunk) => {
      await passOn(target, chunk.subarray(0, most - total));
      total += chunk.length;
      if (total > most) throw new Error(sentence(formatSize(most)));
    },
    () => new Promise<void>((resolve, reject) => target.end((error?: Error | null) => (error ? reject(error) : resolve()))),
  );
}

/** A stream of which the first bytes are kept. */
export function beginning(most = 4096): Writable & { text(): string } {
  let kept = Buffer.alloc(0);
  const stream = eachPiece((chunk) => {
    kept = Buffer.concat([kept, chunk.subarray(0, most - kept.length)]);
  });
  return Object.assign(stream, { text: () => kept.toString("utf8") });
}

import { StringDecoder } from "node:string_decoder";
import { Writable } from "node:stream";
import type { WriteStream } from "node:tty";

/** Text without anything that a terminal would obey. */
export function plain(text: string): string {
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "");
}

/**
 * A stream for what a session wrote: on a terminal, nothing in it moves the cursor, sets the title or fills the clipboard.
 * Into a pipe or a file everything goes as it is.
 */
export function printable(target: WriteStream | Writable): Writable {
  if (!("isTTY" in target) || !target.isTTY) return target;
  const decoder = new StringDecoder("utf8");
  return new Writable({ write: (chunk: Buffer, _, done) => void target.write(plain(decoder.write(chunk)), done) });
}

import { StringDecoder } from "node:string_decoder";
import type { Writable } from "node:stream";
import { eachPiece, passOn } from "./streams.ts";

/** Text without anything that a terminal would obey. */
export function plain(text: string): string {
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "");
}

/**
 * A stream for text that a session wrote, on a terminal, into a pipe or a file: nothing in it moves the cursor, sets the title
 * or fills the clipboard, now or when somebody looks at the file. It tells whether anything was left out.
 */
export function printable(target: Writable): Writable & { removed(): boolean } {
  const decoder = new StringDecoder("utf8");
  let removed = false;
  const stream = eachPiece((chunk) => {
    const text = decoder.write(chunk);
    const rest = plain(text);
    removed ||= rest.length < text.length;
    return passOn(target, rest);
  });
  return Object.assign(stream, { removed: () => removed });
}

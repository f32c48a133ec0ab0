import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { formatSize } from "../units.ts";

/** Says why a file is not taken, though the system would let it be read: what follows its name in a sentence. */
export class NotTaken extends Error {}

/**
 * Reads a file that somebody names. A pipe may have nobody at its other end, and a device no end.
 *
 * @param most bytes that it may have
 * @throws NotTaken when it is no regular file, or has more; what the system says, when it cannot be read
 */
export function readRegular(path: string, most: number): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(file).isFile()) throw new NotTaken("is no regular file; name one");
    const buffer = Buffer.alloc(most + 1);
    let length = 0;
    // The kernel's own files say that they are empty.
    for (let read = -1; read !== 0 && length <= most; length += read) read = readSync(file, buffer, length, buffer.length - length, null);
    if (length > most) throw new NotTaken(`is longer than ${formatSize(most)}; name a shorter one`);
    return buffer.toString("utf8", 0, length);
  } finally {
    closeSync(file);
  }
}

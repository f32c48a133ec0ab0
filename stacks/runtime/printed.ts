import { eachPiece } from "../streams.ts";
import type { LogOptions, RunningPart } from "./runtime.ts";

/** What a part of a session has printed, both streams in order, without control characters. */
export async function printed(part: RunningPart, options: LogOptions = {}): Promise<string> {
  const pieces: Buffer[] = [];
  const both = eachPiece((chunk) => void pieces.push(chunk));
  await part.logs(options, both, both);
  return Buffer.concat(pieces)
    .toString("utf8")
    .replace(/[^\n\x20-\x7e]/g, "")
    .trim();
}

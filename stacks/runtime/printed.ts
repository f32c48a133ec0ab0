import { plain } from "../printable.ts";
import { eachPiece } from "../streams.ts";
import { formatSize } from "../units.ts";
import type { LogOptions, RunningPart } from "./runtime.ts";

/** Bytes of what a part has printed that are held at once. */
const usualMost = 64 * 1024 * 1024;

/**
 * What a part of a session has printed, both streams in order, without control characters.
 *
 * @param most bytes that are taken
 * @throws Error when it has printed more
 */
export async function printed(part: RunningPart, options: LogOptions = {}, most = usualMost): Promise<string> {
  const { text, whole } = await beginningOf(part, options, most);
  if (!whole) throw new Error(`more than ${formatSize(most)} were printed; ask for what came later, as by --since 1h`);
  return text.trim();
}

/**
 * What a part of a session has printed after a time, each line with its own before it. Of more than is held at once it is the first
 * lines; the others come after the time of the last.
 *
 * @param time RFC 3339, or nothing for all
 */
export async function linesSince(part: RunningPart, time: string, most = usualMost): Promise<string[]> {
  const [seconds, fraction = "0"] = time === "" ? ["0"] : [String(Math.floor(Date.parse(time) / 1000)), /\.(\d+)/.exec(time)?.[1]];
  const { text, whole } = await beginningOf(part, { timestamps: true, since: `${seconds}.${fraction}` }, most);
  return (whole ? text : text.slice(0, text.lastIndexOf("\n") + 1))
    .trim()
    .split("\n")
    .filter((line) => line !== "" && line.slice(0, line.indexOf(" ")) > time);
}

async function beginningOf(part: RunningPart, options: LogOptions, most: number): Promise<{ text: string; whole: boolean }> {
  const pieces: Buffer[] = [];
  let length = 0;
  const both = eachPiece((chunk) => {
    const piece = chunk.subarray(0, Math.max(0, most - length));
    if (piece.length > 0) pieces.push(piece);
    length += chunk.length;
  });
  await part.logs(options, both, both);
  return { text: plain(Buffer.concat(pieces).toString("utf8")), whole: length <= most };
}

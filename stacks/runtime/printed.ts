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

/** What a part of a session has printed after a time, each line with its own before it. @param time RFC 3339, or nothing for all */
export async function linesSince(part: RunningPart, time: string): Promise<string[]> {
  const [seconds, fraction = "0"] = time === "" ? ["0"] : [String(Math.floor(Date.parse(time) / 1000)), /\.(\d+)/.exec(time)?.[1]];
  return (await printed(part, { timestamps: true, since: `${seconds}.${fraction}` }))
    .split("\n")
    .filter((line) => line !== "" && line.slice(0, line.indexOf(" ")) > time);
}

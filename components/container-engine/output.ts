import type Docker from "dockerode";

/** What a container without a terminal printed, both streams in order, without the engine's framing and control characters. */
export function plainOutput(raw: Buffer): string {
  const pieces: Buffer[] = [];
  // Each piece has a header of 8 bytes, the last 4 of which are its length.
  for (let at = 0; at + 8 <= raw.length; at += 8 + raw.readUInt32BE(at + 4))
    pieces.push(raw.subarray(at + 8, at + 8 + raw.readUInt32BE(at + 4)));
  return Buffer.concat(pieces)
    .toString("utf8")
    .replace(/[^\n\x20-\x7e]/g, "")
    .trim();
}

/** The last lines that a container printed, without control characters. */
export async function lastOutput(container: Docker.Container, lines = 5): Promise<string> {
  return plainOutput(await container.logs({ stdout: true, stderr: true, tail: lines }));
}

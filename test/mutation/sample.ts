import { createHash } from "node:crypto";

/** Lines that are tried together or not at all. */
const height = 10;

/** The part of the code that a run tries. */
export interface Sample {
  /** From 0 to 1; 1 is all of it. */
  readonly share: number;
  /** Another seed chooses other lines; the same one chooses the same. */
  readonly seed: string;
}

/** Whether a line, counted from 1, is among those that are tried. */
export function isChosen(file: string, line: number, { share, seed }: Sample): boolean {
  const place = createHash("sha256")
    .update(`${seed} ${file} ${Math.floor((line - 1) / height)}`)
    .digest();
  return place.readUInt32BE() / 2 ** 32 < share;
}

/** The chosen lines of a file as Stryker takes them: `file:from-to`. A change of more lines than one range has is not tried. */
export function chosenRanges(file: string, lines: number, sample: Sample): string[] {
  if (sample.share >= 1) return [file];
  const ranges: { from: number; to: number }[] = [];
  for (let from = 1; from <= lines; from += height) {
    if (!isChosen(file, from, sample)) continue;
    const last = ranges.at(-1);
    if (last?.to === from - 1) last.to += height;
    else ranges.push({ from, to: from + height - 1 });
  }
  return ranges.map(({ from, to }) => `${file}:${from}-${to}`);
}

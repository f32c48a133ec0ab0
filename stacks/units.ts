/** Units as people write them, read once into plain numbers. */

const durations = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** What {@link parseSize} accepts, as a regular expression for editors. */
export const sizePattern = /^\s*\d+(\.\d+)?\s*([kKmMgGtT][iI]?[bB]|[bB])\s*$/;

/** What {@link parseRate} accepts, as a regular expression for editors. Its B is a capital, since Mb/s are megabits to most. */
export const ratePattern = /^\s*\d+(\.\d+)?\s*([kKMGT]i?)?B\/s\s*$/;

/** What {@link parseDuration} accepts, as a regular expression for editors. */
export const durationPattern = /^\s*\d+(\.\d+)?\s*[smhd]\s*$/;

/**
 * Reads a size such as `4 GB` or `512 MB` into bytes. Multiples are of 1024, as the engine's own `--memory` reads them;
 * `GiB` and `GB` are the same.
 *
 * @returns the bytes, or undefined when the text is not a size
 */
export function parseSize(text: string): number | undefined {
  if (!sizePattern.test(text)) return undefined;
  const unit = text
    .replace(/[\s\d.]/g, "")
    .charAt(0)
    .toUpperCase();
  return Math.round(Number.parseFloat(text) * 1024 ** "BKMGT".indexOf(unit));
}

/**
 * Reads a rate such as `10 MB/s` into bytes a second; the size in it is read as by {@link parseSize}.
 *
 * @returns the bytes a second, or undefined when the text is not a rate
 */
export function parseRate(text: string): number | undefined {
  return ratePattern.test(text) ? parseSize(text.replace("/s", "")) : undefined;
}

/**
 * Reads a duration such as `30 s`, `10 m`, `8 h` or `2 d` into whole seconds, the nearest.
 *
 * @returns the seconds, or undefined when the text is not a duration
 */
export function parseDuration(text: string): number | undefined {
  if (!durationPattern.test(text)) return undefined;
  const unit = text.trim().slice(-1) as keyof typeof durations;
  return Math.round(Number.parseFloat(text) * durations[unit]);
}

/** Writes bytes with the largest unit that leaves a short number: `4 GB`, `512 MB`. */
export function formatSize(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number(value.toFixed(1))} ${units[unit]}`;
}

/** Writes seconds in the largest unit of which there is one, rounded down: `9 d`, and `1 d` for 26 hours. */
export function formatDuration(seconds: number): string {
  const [unit, length] = Object.entries(durations).findLast(([, length]) => seconds >= length) ?? ["s", 1];
  return `${Math.floor(seconds / length)} ${unit}`;
}

import { InvalidArgumentError, Option } from "commander";
import { formatSize, parseSize } from "../units.ts";

/** The option `--max-size`: the most bytes that a session may send. */
export function sizeOption(description: string, bytes: number): Option {
  return new Option("--max-size <size>", description).argParser(size).default(bytes, formatSize(bytes));
}

function size(text: string): number {
  const bytes = parseSize(text);
  if (!bytes) throw new InvalidArgumentError('Write a size such as "500 MB" or "2 GB".');
  return bytes;
}

/** Which part of the address space a list of blocks covers. */

interface Range {
  readonly from: bigint;
  readonly to: bigint;
}

function parts(address: string, width: number, base: number, separator: string): bigint | undefined {
  let value = 0n;
  const words = address.split(separator);
  for (const word of words) {
    const figure = Number.parseInt(word || "0", base);
    if (Number.isNaN(figure) || figure < 0 || figure >= 2 ** width) return undefined;
    value = (value << BigInt(width)) | BigInt(figure);
  }
  return value;
}

function ipv6(address: string): bigint | undefined {
  const [head = "", tail] = address.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  if (missing < 0 || before.length + missing + after.length !== 8) return undefined;
  return parts([...before, ...new Array<string>(missing).fill("0"), ...after].join(":"), 16, 16, ":");
}

/** The addresses of a block such as `10.0.0.0/8`; undefined when it is none. */
export function rangeOf(block: string): (Range & { readonly bits: 32 | 128 }) | undefined {
  const [address = "", prefix] = block.trim().split("/");
  const bits = address.includes(":") ? 128 : 32;
  const length = prefix === undefined ? bits : Number(prefix);
  if (!Number.isInteger(length) || length < 0 || length > bits) return undefined;
  if (bits === 32 && address.split(".").length !== 4) return undefined;
  const value = bits === 128 ? ipv6(address) : parts(address, 8, 10, ".");
  if (value === undefined) return undefined;
  const size = 1n << BigInt(bits - length);
  const from = (value / size) * size;
  return { from, to: from + size - 1n, bits };
}

/** Whether blocks together cover at least half of what there is, so that halves do not pass for something narrow. */
export function coversWorld(blocks: Iterable<string>): boolean {
  const byWidth = new Map<number, Range[]>();
  for (const block of blocks) {
    const range = rangeOf(block);
    if (range) byWidth.set(range.bits, [...(byWidth.get(range.bits) ?? []), range]);
  }
  for (const [bits, ranges] of byWidth) if (covered(ranges) * 2n >= 1n << BigInt(bits)) return true;
  return false;
}

function covered(ranges: readonly Range[]): bigint {
  let sum = 0n;
  let end = -1n;
  for (const { from, to } of [...ranges].sort((a, b) => (a.from < b.from ? -1 : 1))) {
    const start = from > end ? from : end + 1n;
    if (to >= start) sum += to - start + 1n;
    if (to > end) end = to;
  }
  return sum;
}

const ordered = (a: bigint, b: bigint): readonly [bigint, bigint] => (a < b ? [a, b] : [b, a]);

/** Whether `block` lies inside the union of `holes`. */
export function isCoveredBy(block: string, holes: Iterable<string>): boolean {
  const range = rangeOf(block);
  if (!range) return false;
  const inside = [...holes].flatMap((hole) => {
    const other = rangeOf(hole);
    if (!other || other.bits !== range.bits || other.to < range.from || other.from > range.to) return [];
    return [{ from: ordered(other.from, range.from)[1], to: ordered(other.to, range.to)[0] }];
  });
  return covered(inside) === range.to - range.from + 1n;
}

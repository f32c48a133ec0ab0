/** Which part of the address space a list of blocks covers. */
import { baseline } from "../../baseline.ts";

interface Range {
  readonly from: bigint;
  readonly to: bigint;
}

type Wide = Range & { readonly bits: 32 | 128 };

/** A block of addresses, less others. */
export interface Block {
  readonly cidr: string;
  readonly except?: readonly string[];
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

/** `::ffff:10.0.0.1` with its last words as the others. */
function withoutDots(address: string): string | undefined {
  const last = address.slice(address.lastIndexOf(":") + 1);
  if (!last.includes(".")) return address;
  const value = last.split(".").length === 4 ? parts(last, 8, 10, ".") : undefined;
  if (value === undefined) return undefined;
  return `${address.slice(0, -last.length)}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}

function ipv6(written: string): bigint | undefined {
  const address = withoutDots(written);
  if (address === undefined) return undefined;
  const [head = "", tail] = address.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  if (missing < 0 || before.length + missing + after.length !== 8) return undefined;
  return parts([...before, ...new Array<string>(missing).fill("0"), ...after].join(":"), 16, 16, ":");
}

/** The addresses of a block such as `10.0.0.0/8`; undefined when it is none. */
export function rangeOf(block: string): Wide | undefined {
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

/** What is left of a block without its exceptions. */
function leftOf({ cidr, except = [] }: Block): Wide[] {
  const range = rangeOf(cidr);
  if (!range) return [];
  let left = [range];
  for (const hole of except.map(rangeOf)) {
    if (hole?.bits !== range.bits) continue;
    left = left
      .flatMap((one) => [
        { ...one, to: ordered(hole.from - 1n, one.to)[0] },
        { ...one, from: ordered(hole.to + 1n, one.from)[1] },
      ])
      .filter(({ from, to }) => from <= to);
  }
  return left;
}

const known = (block: string): Wide => rangeOf(block) as Wide;

/** What is reached from everywhere: the address space less private, local and multicast addresses. */
const publicSpace: readonly (readonly Wide[])[] = [
  [
    { ...known("1.0.0.0/8"), to: known("9.0.0.0/8").to },
    { ...known("11.0.0.0/8"), to: known("126.0.0.0/8").to },
    { ...known("128.0.0.0/8"), to: known("223.0.0.0/8").to },
  ],
  [known("2000::/3")],
];

/** How IPv6 writes IPv4, and how gateways translate it. */
const mapped = ["::ffff:0:0/96", "64:ff9b::/96"].map(known);

/** A block, and the IPv4 addresses that are in it as IPv6 writes them. */
function unmapped(range: Wide): Wide[] {
  const written = mapped.flatMap((prefix): Wide[] => {
    const part = overlap(range, prefix);
    return part ? [{ from: part.from - prefix.from, to: part.to - prefix.from, bits: 32 }] : [];
  });
  return [range, ...written];
}

/**
 * One part in as many of the public addresses is more than any one network has: the largest cloud has one in 25. Of IPv4 that
 * is twelve blocks of the size /8, wherever they are.
 */
const worldly = 20n;

const asBlock = (block: string | Block): Block => (typeof block === "string" ? { cidr: block } : block);

/** Whether blocks together cover so much of the public address space that they name nobody. */
export function coversWorld(blocks: Iterable<string | Block>): boolean {
  const ranges = [...blocks].flatMap((block) => leftOf(asBlock(block))).flatMap(unmapped);
  return publicSpace.some((space) => {
    const inside = ranges.flatMap((range) => space.flatMap((part) => overlap(range, part) ?? []));
    return covered(inside) * worldly >= covered(space);
  });
}

/** Whether one of the blocks holds an address. */
export function holds(blocks: Iterable<string | Block>, address: string): boolean {
  const wanted = rangeOf(address);
  return [...blocks].some((block) =>
    leftOf(asBlock(block)).some((range) => wanted?.bits === range.bits && range.from <= wanted.from && wanted.to <= range.to),
  );
}

const metadata = baseline.metadata.networks.map(known);

/** Whether a block holds an address of a metadata service. */
export function holdsMetadata(block: string): boolean {
  const range = rangeOf(block);
  return range !== undefined && unmapped(range).some((one) => metadata.some((service) => overlap(one, service) !== undefined));
}

/** Whether an address stands for every one of a machine: `0.0.0.0`, `::`, in any spelling. */
export function isUnspecified(address: string): boolean {
  const bare = address.trim().replace(/^\[(.*)\]$/, "$1");
  if (/^(\*|0*)$/.test(bare)) return true;
  const range = rangeOf(bare);
  return range !== undefined && range.from === range.to && unmapped(range).some(({ from }) => from === 0n);
}

function overlap(one: Wide, other: Wide): Range | undefined {
  if (one.bits !== other.bits || one.to < other.from || one.from > other.to) return undefined;
  return { from: ordered(one.from, other.from)[1], to: ordered(one.to, other.to)[0] };
}

const ordered = (a: bigint, b: bigint): readonly [bigint, bigint] => (a < b ? [a, b] : [b, a]);

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

/** Whether `block` lies inside the union of `holes`. */
export function isCoveredBy(block: string, holes: Iterable<string>): boolean {
  const range = rangeOf(block);
  if (!range) return false;
  const inside = [...holes].flatMap((hole) => {
    const other = rangeOf(hole);
    return other ? (overlap(other, range) ?? []) : [];
  });
  return covered(inside) === range.to - range.from + 1n;
}

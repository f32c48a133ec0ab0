/**
 * Never reached, whatever an entry admits: this machine itself, link-local and metadata services, multicast, and ways to write one
 * of them as another address. Some clouds have metadata at addresses of the other kinds: Alibaba, Azure, and over IPv6 Amazon and
 * Google.
 */
export const forbidden: readonly string[] = [
  "0.0.0.0/8",
  "100.100.100.200/32",
  "127.0.0.0/8",
  "168.63.129.16/32",
  "169.254.0.0/16",
  "192.0.0.0/24",
  "224.0.0.0/3",
  "::/96",
  "64:ff9b::/96",
  "64:ff9b:1::/48",
  "100::/64",
  "2001::/32",
  "2002::/16",
  "fe80::/9",
  "fd00:ec2::/32",
  "fd20:ce::/32",
  "ff00::/8",
];

/** Networks of a company or a household, which an entry can admit for its hosts. */
export const privateRanges: readonly string[] = [
  "10.0.0.0/8",
  "100.64.0.0/10",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "fc00::/7",
];

/**
 * The blocks that a host must not resolve into: all forbidden and private ones, less what is admitted. None lies in another,
 * since Squid leaves one of two such blocks out.
 *
 * One list for each set of admissions, since Squid can only ask whether any of a host's addresses is in a list.
 *
 * @param admitted CIDR blocks inside {@link privateRanges}
 */
export function barredBlocks(admitted: readonly string[]): readonly string[] {
  const key = admitted.join(" ");
  const blocks = known.get(key) ?? barredBut(admitted);
  known.set(key, blocks);
  return blocks;
}

/** What has been worked out, which is the same for most sessions of a stack. */
const known = new Map<string, readonly string[]>();

function barredBut(admitted: readonly string[]): readonly string[] {
  const holes = [...admitted, ...forbidden].map(toPrefix);
  const open = privateRanges
    .map(toPrefix)
    .flatMap((block) => holes.reduce<Prefix[]>((rest, hole) => rest.flatMap((part) => without(part, hole)), [block]));
  return [...forbidden, ...open.map(toBlock)];
}

/** Whether a block is another one or lies in it. */
export function isWithin(block: string, other: string): boolean {
  const [inner, outer] = [toPrefix(block), toPrefix(other)];
  return inner.width === outer.width && inner.bits.startsWith(outer.bits);
}

/** The leading bits that a block's addresses have in common, as a text of 0 and 1. */
interface Prefix {
  readonly width: 32 | 128;
  readonly bits: string;
}

/** A block without another: nothing, itself, or the halves that remain when it is split down to the other. */
function without(block: Prefix, hole: Prefix): Prefix[] {
  if (block.width !== hole.width) return [block];
  if (block.bits.startsWith(hole.bits)) return [];
  if (!hole.bits.startsWith(block.bits)) return [block];
  return Array.from({ length: hole.bits.length - block.bits.length }, (_, index) => {
    const at = block.bits.length + index;
    return { width: block.width, bits: hole.bits.slice(0, at) + (hole.bits[at] === "0" ? "1" : "0") };
  });
}

function toPrefix(block: string): Prefix {
  const [address = "", length] = block.split("/");
  const [words, size, base] = address.includes(":") ? ([expand(address), 16, 16] as const) : ([address.split("."), 8, 10] as const);
  const bits = words.map((word) => Number.parseInt(word, base).toString(2).padStart(size, "0")).join("");
  return { width: size === 16 ? 128 : 32, bits: bits.slice(0, Number(length)) };
}

/** The eight words of an IPv6 address. */
function expand(address: string): string[] {
  const [head = "", tail = ""] = address.split("::");
  const [before, after] = [head, tail].map((part) => part.split(":").filter((word) => word !== "")) as [string[], string[]];
  return [...before, ...new Array<string>(8 - before.length - after.length).fill("0"), ...after];
}

function toBlock({ width, bits }: Prefix): string {
  const [size, base, separator] = width === 32 ? ([8, 10, "."] as const) : ([16, 16, ":"] as const);
  const words = bits.padEnd(width, "0").match(new RegExp(`.{${size}}`, "g")) ?? [];
  return `${words.map((word) => Number.parseInt(word, 2).toString(base)).join(separator)}/${bits.length}`;
}

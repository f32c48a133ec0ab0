import { describe, expect, test } from "vitest";
import { type Block, coversWorld, holds, holdsMetadata, isCoveredBy, isUnspecified, rangeOf } from "../../../policy/rules/read/cidr.ts";

/** Public blocks that nobody could join into larger ones. */
const eights = (count: number): string[] => Array.from({ length: count }, (_, at) => `${11 + 5 * at}.0.0.0/8`);

const all32 = 2n ** 32n;
const all128 = 2n ** 128n;

describe("the range of a block", () => {
  test.each<[string, bigint, bigint, number]>([
    ["0.0.0.0/0", 0n, all32 - 1n, 32],
    ["10.0.0.0/8", 10n << 24n, (11n << 24n) - 1n, 32],
    // What is below the prefix does not count.
    ["10.1.2.3/8", 10n << 24n, (11n << 24n) - 1n, 32],
    ["1.2.3.4", 0x01020304n, 0x01020304n, 32],
    [" 1.2.3.4/31 ", 0x01020304n, 0x01020305n, 32],
    ["255.255.255.255/32", all32 - 1n, all32 - 1n, 32],
    ["::/0", 0n, all128 - 1n, 128],
    ["::", 0n, 0n, 128],
    ["::1/128", 1n, 1n, 128],
    ["1::", 1n << 112n, 1n << 112n, 128],
    ["1:2:3:4:5:6:7:8", 0x00010002000300040005000600070008n, 0x00010002000300040005000600070008n, 128],
    ["2001:db8::/32", 0x20010db8n << 96n, (0x20010db9n << 96n) - 1n, 128],
    ["::1.2.3.4", 0x01020304n, 0x01020304n, 128],
    ["::ffff:255.255.0.1", 0xffffffff0001n, 0xffffffff0001n, 128],
    ["1:2:3:4:5:6:1.2.3.4", 0x00010002000300040005000601020304n, 0x00010002000300040005000601020304n, 128],
    // A word that is left out is zero.
    ["1..3.4", 0x01000304n, 0x01000304n, 32],
    [" ::1 ", 1n, 1n, 128],
    ["1:2::", 0x00010002n << 96n, 0x00010002n << 96n, 128],
    ["1:2:3:4:5:6:7::", 0x00010002000300040005000600070000n, 0x00010002000300040005000600070000n, 128],
    ["::2:3:4:5:6:7:8", 0x00000002000300040005000600070008n, 0x00000002000300040005000600070008n, 128],
    ["fe80::1:2/64", 0xfe80n << 112n, (0xfe80n << 112n) + 2n ** 64n - 1n, 128],
  ])("%s", (block, from, to, bits) => {
    expect(rangeOf(block)).toEqual({ from, to, bits });
  });

  test.each([
    "",
    "host",
    "1.2.3/8",
    "1.2.3.4.5",
    "1.2.3.256",
    "1.2.3.-4",
    "1.2.3.x",
    "1.2.3.4/33",
    "1.2.3.4/-1",
    "1.2.3.4/8.5",
    "1.2.3.4/x",
    "::/129",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::9",
    "::10000",
    "::g",
    "::1.2.3",
    "::1.2.3.4.5",
    "::1.2.3.256",
    "::1.2.3.x",
    "1:2:3:4:5:6:7:1.2.3.4",
  ])("%j is none", (block) => {
    expect(rangeOf(block)).toBeUndefined();
  });
});

describe("blocks that cover a twentieth of the public addresses, together", () => {
  test.each<[string[], boolean]>([
    [["0.0.0.0/0"], true],
    [["128.0.0.0/1"], true],
    [["64.0.0.0/4"], true],
    [["64.0.0.0/5"], false],
    [["64.0.0.0/5", "72.0.0.0/5"], true],
    [["64.0.0.0/5", "192.0.0.0/5"], true],
    [["192.0.0.0/5", "64.0.0.0/5"], true],
    // One within another, and one twice, add nothing.
    [["64.0.0.0/5", "64.0.0.0/5"], false],
    [["64.0.0.0/5", "64.0.0.0/6", "68.0.0.0/6"], false],
    [["64.0.0.0/6", "64.0.0.0/5", "66.0.0.0/7"], false],
    // Of 221 blocks of 8 bits, 12 are as many and 11 are not.
    [["64.0.0.0/5", "72.0.0.0/7", "76.0.0.0/8"], false],
    [["64.0.0.0/5", "72.0.0.0/7", "76.0.0.0/7"], true],
    [eights(11), false],
    [eights(12), true],
    [eights(13), true],
    // At both ends of each stretch of them.
    [["0.0.0.0/4"], true],
    [["0.0.0.0/4", "1.0.0.0/8", "9.0.0.0/8"], true],
    [["0.0.0.0/8", "2.0.0.0/7", "4.0.0.0/6", "8.0.0.0/6", "12.0.0.0/7"], false],
    [["112.0.0.0/4"], true],
    [["208.0.0.0/4"], true],
    // Nobody is reached from everywhere by these.
    [["10.0.0.0/8", "0.0.0.0/8", "127.0.0.0/8"], false],
    [["224.0.0.0/3"], false],
    [["fc00::/6", "ff00::/8", "fe80::/10"], false],
    // The public addresses of IPv6.
    [["::/1"], true],
    [["::/2"], true],
    [["2000::/3"], true],
    [["3e00::/7"], true],
    [["3e00::/8"], false],
    [["3e00::/8", "2000::/8"], true],
    [["4000::/2"], false],
    // IPv4 as IPv6 writes it and as gateways translate it, in a wider block as well.
    [["::ffff:0:0/96"], true],
    [["::ffff:64.0.0.0/100"], true],
    [["::ffff:64.0.0.0/101"], false],
    [["::fffe:0:0/95"], true],
    [["::fffe:0:0/96"], false],
    [["64:ff9b::/96"], true],
    [["64:ff9b::64.0.0.0/101"], false],
    [["64:ff9b::/64"], true],
    [["64:ff9c::/96"], false],
    [["64.0.0.0/5", "::ffff:72.0.0.0/101"], true],
    // The kinds are never added up.
    [["64.0.0.0/5", "3e00::/8"], false],
    [["host", "0.0.0.0/1"], true],
    [[], false],
  ])("%j: %s", (blocks, covers) => {
    expect(coversWorld(blocks)).toBe(covers);
    expect(coversWorld([...blocks].reverse())).toBe(covers);
  });
});

describe("a block that holds a metadata service, and its neighbour", () => {
  test.each([
    ["169.254.169.254", "169.253.169.254"],
    ["169.254.255.255", "169.255.0.0"],
    ["fd00:ec2::254", "fd00:ec3::254"],
    ["fd20:ce::254", "fd20:cf::254"],
    ["100.100.100.200", "100.100.100.201"],
    ["168.63.129.16", "168.63.129.17"],
    ["::ffff:169.254.169.254", "::ffff:10.0.0.1"],
    ["64:ff9b::169.254.169.254", "64:ff9b::10.0.0.1"],
    ["169.0.0.0/8", "170.0.0.0/8"],
    ["::/0", "2000::/3"],
  ])("%s, %s", (block, neighbour) => {
    expect([holdsMetadata(block), holdsMetadata(neighbour)]).toEqual([true, false]);
  });
});

describe("a block within the union of others", () => {
  test.each<[string, string[], boolean]>([
    ["10.0.0.0/8", ["10.0.0.0/8"], true],
    ["10.0.0.0/8", ["0.0.0.0/0"], true],
    ["10.0.0.0/8", ["10.0.0.0/9", "10.128.0.0/9"], true],
    ["10.0.0.0/8", ["10.128.0.0/9", "10.0.0.0/9"], true],
    ["10.0.0.0/8", ["8.0.0.0/7", "10.0.0.0/9", "10.64.0.0/10"], false],
    ["10.0.0.0/8", ["10.0.0.0/9", "10.0.0.0/9"], false],
    ["10.0.0.0/8", ["9.0.0.0/8", "11.0.0.0/8"], false],
    ["10.0.0.0/8", ["10.0.0.1/32"], false],
    ["10.0.0.0/8", ["host"], false],
    ["10.0.0.0/8", [], false],
    ["0.0.0.10", ["::/0"], false],
    ["::a", ["0.0.0.0/0"], false],
    ["fd12::/16", ["fc00::/7"], true],
    ["fe00::/16", ["fc00::/7"], false],
    ["host", ["0.0.0.0/0"], false],
  ])("%s in %j: %s", (block, holes, is) => {
    expect(isCoveredBy(block, holes)).toBe(is);
  });
});

describe("what is left of a block without its exceptions holds an address", () => {
  const less = (...except: string[]): Block => ({ cidr: "10.0.0.0/8", except });
  const ends: readonly (readonly [string, boolean])[] = [
    ["9.255.255.255", false],
    ["10.0.0.0", true],
    ["10.255.255.255", true],
    ["11.0.0.0", false],
  ];

  test.each<[string | Block, readonly (readonly [string, boolean])[]]>([
    ["10.0.0.0/8", ends],
    [{ cidr: "10.0.0.0/8" }, ends],
    [less(), ends],
    // Exceptions that are elsewhere, of the other kind, or none at all, take nothing away.
    [less("9.0.0.0/8", "11.0.0.0/8", "::/0", "host", "10.0.0.0/40"), ends],
    [
      less("10.0.0.0/9"),
      [
        ["10.0.0.0", false],
        ["10.127.255.255", false],
        ["10.128.0.0", true],
        ["10.255.255.255", true],
      ],
    ],
    [
      less("10.128.0.0/9"),
      [
        ["10.0.0.0", true],
        ["10.127.255.255", true],
        ["10.128.0.0", false],
        ["10.255.255.255", false],
      ],
    ],
    [
      less("10.16.0.0/12"),
      [
        ["10.0.0.0", true],
        ["10.15.255.255", true],
        ["10.16.0.0", false],
        ["10.31.255.255", false],
        ["10.32.0.0", true],
        ["10.255.255.255", true],
      ],
    ],
    [
      less("10.64.0.0/10", "10.16.0.0/12", "10.128.0.0/9"),
      [
        ["10.15.255.255", true],
        ["10.16.0.0", false],
        ["10.32.0.0", true],
        ["10.63.255.255", true],
        ["10.64.0.0", false],
        ["10.128.0.0", false],
      ],
    ],
    // One within another takes no more than the wider one, in either order.
    [
      less("10.0.0.0/9", "10.0.0.0/10"),
      [
        ["10.64.0.0", false],
        ["10.128.0.0", true],
      ],
    ],
    [
      less("0.0.0.0/0"),
      [
        ["10.0.0.0", false],
        ["10.128.0.0", false],
        ["10.255.255.255", false],
      ],
    ],
    [
      less(),
      [
        ["host", false],
        ["", false],
        ["::a00:0", false],
        ["10.0.0.0/7", false],
        ["10.0.0.0/9", true],
      ],
    ],
    [
      "host",
      [
        ["host", false],
        ["10.0.0.0", false],
      ],
    ],
    [
      { cidr: "host", except: ["10.0.0.0/8"] },
      [
        ["host", false],
        ["10.0.0.0", false],
      ],
    ],
  ])("%j", (block, expected) => {
    expect(expected.map(([address]) => [address, holds([block], address)])).toEqual(expected);
  });

  test.each<[Block, boolean]>([
    [{ cidr: "0.0.0.0/0", except: ["10.0.0.0/8", "192.168.0.0/16"] }, true],
    [{ cidr: "0.0.0.0/0", except: ["0.0.0.0/1", "128.0.0.0/1"] }, false],
    [{ cidr: "0.0.0.0/0", except: ["0.0.0.0/0"] }, false],
    [{ cidr: "::/0", except: ["0.0.0.0/0"] }, true],
    [{ cidr: "::/0", except: ["2000::/3"] }, true],
    [{ cidr: "::/0", except: ["2000::/3", "::/32", "64:ff9b::/32"] }, false],
    [{ cidr: "host", except: ["host"] }, false],
  ])("%j covers the world: %s", (block, covers) => {
    expect(coversWorld([block])).toBe(covers);
  });
});

describe("every address of a machine, and one that is another", () => {
  test.each([
    "*",
    "",
    "0",
    "000",
    " * ",
    " 0.0.0.0 ",
    "0.0.0.0",
    "0.0.0.0/32",
    "00.0.0.0",
    "::",
    "[::]",
    " [::] ",
    "0:0:0:0:0:0:0:0",
    "::0",
    "::/128",
    "::ffff:0.0.0.0",
    "[::ffff:0:0]",
    "64:ff9b::",
  ])("%j", (address) => expect(isUnspecified(address)).toBe(true));

  test.each([
    "**",
    "0*",
    "x",
    "1",
    "01",
    "0.0.0.0/31",
    "::/127",
    "[::",
    "::]",
    "x[::]",
    "[::]x",
    "[::1]",
    "[10.0.0.1]",
    "::1",
    "::ffff:0.0.0.1",
    "64:ff9b::1",
  ])("%j is not", (address) => expect(isUnspecified(address)).toBe(false));
});

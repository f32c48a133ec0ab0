import { BlockList, isIPv6 } from "node:net";
import { describe, expect, test } from "vitest";
import { barredBlocks } from "../../components/egress-proxy/addresses.ts";

/** What is barred is asked of Node's own list of blocks, so that no arithmetic of ours judges itself. */
function barred(admitted: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const block of barredBlocks(admitted)) {
    const [address = "", length] = block.split("/");
    list.addSubnet(address, Number(length), isIPv6(address) ? "ipv6" : "ipv4");
  }
  return (address) => list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

/** Blocks of a company or a household, which entries admit, with the addresses on both sides of them. */
const admissible = [
  ["10.0.0.0/8", "10.0.0.0", "10.255.255.255", ["9.255.255.255", "11.0.0.0"]],
  ["100.64.0.0/10", "100.64.0.0", "100.127.255.255", ["100.63.255.255", "100.128.0.0"]],
  ["172.16.0.0/12", "172.16.0.0", "172.31.255.255", ["172.15.255.255", "172.32.0.0"]],
  ["192.168.0.0/16", "192.168.0.0", "192.168.255.255", ["192.167.255.255", "192.169.0.0"]],
  ["198.18.0.0/15", "198.18.0.0", "198.19.255.255", ["198.17.255.255", "198.20.0.0"]],
  ["fc00::/7", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ["fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::"]],
] as const;
const everything = admissible.map(([block]) => block);

describe("an address that no entry admits is barred from its block's first to its last", () => {
  test.each(admissible)("%s", (block, first, last, neighbours) => {
    const isBarred = barred([]);
    expect([first, last].map(isBarred)).toEqual([true, true]);
    expect(neighbours.map(isBarred)).toEqual([false, false]);
    expect([first, last].map(barred(everything.filter((other) => other !== block)))).toEqual([true, true]);
    expect([first, last].map(barred([block]))).toEqual([false, false]);
  });
});

describe("an address that is never reached is barred whatever is admitted, and its neighbour is not", () => {
  test.each<[what: string, addresses: string[], neighbours: string[]]>([
    ["this machine, by no address", ["0.0.0.0", "0.255.255.255"], ["1.0.0.0"]],
    ["Alibaba's metadata service", ["100.100.100.200"], ["100.100.100.199", "100.100.100.201"]],
    ["this machine", ["127.0.0.0", "127.0.0.1", "127.255.255.255"], ["126.255.255.255", "128.0.0.0"]],
    ["Azure's metadata service", ["168.63.129.16"], ["168.63.129.15", "168.63.129.17"]],
    ["the link, with metadata services", ["169.254.0.0", "169.254.169.254", "169.254.255.255"], ["169.253.255.255", "169.255.0.0"]],
    ["protocol assignments", ["192.0.0.0", "192.0.0.192", "192.0.0.255"], ["191.255.255.255", "192.0.1.0"]],
    ["multicast, reserved and broadcast", ["224.0.0.0", "240.0.0.0", "255.255.255.255"], ["223.255.255.255"]],
    ["this machine over IPv6, and IPv4 in it", ["::", "::1", "::127.0.0.1", "::ffff:ffff"], ["::1:0:0:0"]],
    ["IPv4 behind a translator", ["64:ff9b::", "64:ff9b::ffff:ffff"], ["64:ff9b::1:0:0", "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff"]],
    ["IPv4 behind a local translator", ["64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"], ["64:ff9b:2::", "64:ff9b:0:ffff::"]],
    ["what is thrown away", ["100::", "100::ffff:ffff:ffff:ffff"], ["100:0:0:1::", "ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]],
    ["IPv4 through Teredo", ["2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff"], ["2001:1::", "2000:ffff::"]],
    ["IPv4 through 6to4", ["2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], ["2001:ffff::", "2003::"]],
    ["the link over IPv6, and sites", ["fe80::", "fe80::1", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], ["fe7f:ffff::"]],
    [
      "Amazon's metadata service",
      ["fd00:ec2::", "fd00:ec2::254", "fd00:ec2:ffff:ffff:ffff:ffff:ffff:ffff"],
      ["fd00:ec1:ffff::", "fd00:ec3::"],
    ],
    ["Google's metadata service", ["fd20:ce::", "fd20:ce::254", "fd20:ce:ffff:ffff:ffff:ffff:ffff:ffff"], ["fd20:cd:ffff::", "fd20:cf::"]],
    ["multicast over IPv6", ["ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], ["fdff::"]],
  ])("%s", (_, addresses, neighbours) => {
    for (const admitted of [[], everything]) expect(addresses.map(barred(admitted))).toEqual(addresses.map(() => true));
    expect(neighbours.map(barred(everything))).toEqual(neighbours.map(() => false));
  });
});

test("a block within a block is admitted alone", () => {
  const isBarred = barred(["10.20.0.0/16", "fd12:3400::/24"]);
  expect(["10.20.0.0", "10.20.255.255", "fd12:3400::", "fd12:34ff:ffff::"].map(isBarred)).toEqual([false, false, false, false]);
  expect(["10.19.255.255", "10.21.0.0", "fd12:33ff::", "fd12:3500::", "192.168.0.1"].map(isBarred)).toEqual([true, true, true, true, true]);
});

test("no block lies in another, since Squid would leave one of them out", () => {
  const blocks = barredBlocks(["100.64.0.0/11", "fd00::/8"]);
  for (const [at, block] of blocks.entries()) {
    const [address = "", length] = block.split("/");
    const others = new BlockList();
    for (const other of blocks.toSpliced(at, 1)) {
      const [base = "", bits] = other.split("/");
      if (Number(bits) <= Number(length)) others.addSubnet(base, Number(bits), isIPv6(base) ? "ipv6" : "ipv4");
    }
    expect([block, others.check(address, isIPv6(address) ? "ipv6" : "ipv4")]).toEqual([block, false]);
  }
});

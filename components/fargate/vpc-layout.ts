/** The blocks of a VPC's subnets. */
export interface VpcLayout {
  /** Where sessions run; no way leads out. One for each zone. */
  readonly sessions: readonly string[];
  /** Where what serves them runs; a NAT gateway leads out. One for each zone. */
  readonly outer: readonly string[];
  /** Where the NAT gateway is, and nothing else. */
  readonly gateway: string;
}

/**
 * Half of a VPC's addresses are for sessions, a quarter for what serves them, and the beginning of the last quarter for the NAT
 * gateway. A subnet of a zone stays as it is while the number of zones is at most the next power of two.
 *
 * @param cidr from /16 to /22
 * @param zones at least 1, at most 6
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html a subnet has at least 16 addresses, of which AWS takes 5
 */
export function layout(cidr: string, zones: number): VpcLayout {
  const [address = "", length = ""] = cidr.split("/");
  const prefix = Number(length);
  const size = 2 ** (32 - prefix);
  const written = toNumber(address);
  const first = written - (written % size);
  const bits = Math.max(1, Math.ceil(Math.log2(zones)));
  const parts = (start: number, length: number) =>
    Array.from({ length: zones }, (_, index) => `${toAddress(start + index * 2 ** (32 - length))}/${length}`);
  return {
    sessions: parts(first, prefix + 1 + bits),
    outer: parts(first + size / 2, prefix + 2 + bits),
    gateway: `${toAddress(first + (3 * size) / 4)}/28`,
  };
}

const toNumber = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
const toAddress = (number: number): string => [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");

/**
 * What holds for an argument of a system call: its lower 32 bits, without those that the mask leaves out, are the value. The
 * kernel cuts these arguments to 32 bits, so a comparison of all 64 would let a refused value through in disguise.
 */
export interface Condition {
  /** Of the argument, from 0 on. */
  readonly index: number;
  readonly mask: number;
  readonly value: number;
}

/** Calls that are allowed, or that seem to succeed, where all conditions hold. */
export interface ArgumentRule {
  readonly calls: readonly string[];
  readonly when: readonly Condition[];
  readonly answer: "allow" | "pretend";
}

/** What is refused of calls that are otherwise allowed. */
export interface ArgumentRefusal {
  /** For people. */
  readonly what: string;
  readonly why: string;
  readonly allowed: readonly ArgumentRule[];
}

const allBits = 0xffff_ffff;
const is = (index: number, value: number, mask = allBits): Condition => ({ index, mask, value: (value & mask) >>> 0 });
const allow = (call: string, ...when: Condition[]): ArgumentRule => ({ calls: [call], when, answer: "allow" });

/**
 * Conditions of which one holds exactly when an argument is none of the values. A profile knows no "neither of two": each is a
 * group of numbers that begin alike and then differ from all of the values.
 *
 * @param bits the argument must fit in
 */
export function noneOf(index: number, values: readonly number[], bits = 32): Condition[] {
  const below = (prefix: number, bit: number): Condition[] => {
    const size = 2 ** bit;
    if (!values.some((value) => value >= prefix && value < prefix + size)) return [is(index, prefix, (allBits - (size - 1)) >>> 0)];
    return bit === 0 ? [] : [...below(prefix, bit - 1), ...below(prefix + size / 2, bit - 1)];
  };
  return below(0, bits);
}

/** Address families and types, as `socket` takes them. */
const family = { unix: 1, inet: 2, inet6: 10, netlink: 16 };
const type = { stream: 1, datagram: 2 };
const protocol = { icmp: 1, tcp: 6, udp: 17, icmp6: 58 };
/** SOCK_NONBLOCK and SOCK_CLOEXEC stand in the same argument as the type. */
const typeMask = (allBits & ~0x800 & ~0x80000) >>> 0;
const internetSockets = ([inet, ping]: readonly [number, number]) =>
  [
    ...[0, protocol.tcp].map((number) => [type.stream, number] as const),
    ...[0, protocol.udp, ping].map((number) => [type.datagram, number] as const),
  ].map(([kind, number]) => allow("socket", is(0, inet), is(1, kind, typeMask), is(2, number)));

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const namespaceFlags = 0x7e02_0000;

/** TIOCSTI, TIOCLINUX, TIOCSETD. */
const terminalRequests = [0x5412, 0x541c, 0x5423];

const socketLevel = 1;
const dontRoute = 5;
const broadcast = 6;
/** MSG_DONTROUTE. */
const dontRouteFlag = 4;

export const argumentRefusals: readonly ArgumentRefusal[] = [
  {
    what: "sockets other than Unix, TCP, UDP, ping and netlink's routes: `AF_VSOCK`, `AF_ALG`, raw, MPTCP, SCTP and the rest",
    why: "the hypervisor answers on vsock, whatever the network; the others are much kernel code that no build needs",
    allowed: [
      allow("socket", is(0, family.unix)),
      ...(
        [
          [family.inet, protocol.icmp],
          [family.inet6, protocol.icmp6],
        ] as const
      ).flatMap(internetSockets),
      // NETLINK_ROUTE, of which programs learn their addresses; changes need a capability.
      allow("socket", is(0, family.netlink), is(2, 0)),
      allow("socketpair", is(0, family.unix)),
    ],
  },
  {
    what: "`clone` with namespaces",
    why: "it is for processes and threads",
    allowed: [allow("clone", is(0, 0, namespaceFlags))],
  },
  {
    what: "UDP broadcasts, and datagrams past the routes (`SO_DONTROUTE`)",
    why: "where the host does not filter sources (`rp_filter`), they reach its services from a sealed network; `SO_BROADCAST` seems to succeed, since Go and Java set it on every socket, and sending answers EACCES",
    allowed: [
      ...noneOf(1, [socketLevel], 9).map((level) => allow("setsockopt", level)),
      ...noneOf(2, [dontRoute, broadcast], 7).map((option) => allow("setsockopt", is(1, socketLevel), option)),
      { calls: ["setsockopt"], when: [is(1, socketLevel), is(2, broadcast)], answer: "pretend" },
      { calls: ["sendmsg"], when: [is(2, 0, dontRouteFlag)], answer: "allow" },
      { calls: ["sendto", "sendmmsg"], when: [is(3, 0, dontRouteFlag)], answer: "allow" },
    ],
  },
  {
    what: "typing into a terminal (`TIOCSTI`, `TIOCLINUX`), other line disciplines",
    why: "what looks as if the operator had typed it; drivers that were often a kernel's hole",
    allowed: noneOf(1, terminalRequests).map((request) => allow("ioctl", request)),
  },
  {
    what: "`personality`, but to switch address randomisation off",
    why: "debuggers and sanitizers do that; the others imitate old systems",
    allowed: [0, 0x4_0000, allBits].map((persona) => allow("personality", is(0, persona))),
  },
];

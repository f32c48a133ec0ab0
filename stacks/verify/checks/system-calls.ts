import { refusals } from "../../../components/seccomp/refused.ts";
import { check, type Check, heldUnless } from "../check.ts";
import type { Promised } from "../promised.ts";

/** How each attempt ended. */
type Outcomes = Readonly<Record<string, string>>;

const standard =
  (promise: string) =>
  ({ ownSeccompProfile }: Promised) =>
    ownSeccompProfile ? undefined : promise;

/** Refused, or not there; another error than these comes from the call itself, which was let through. */
function allRefused(outcomes: Outcomes, refused: readonly string[]) {
  return heldUnless(
    Object.entries(outcomes).flatMap(([name, outcome]) => (refused.includes(outcome) ? [] : [`${name} came through (${outcome})`])),
    `${Object.keys(outcomes).length} tried, all refused`,
  );
}

const calls = refusals.flatMap(({ calls, absent }) => [...calls, ...absent]).sort();

/** Unix, IPv4, IPv6, netlink. */
const families = [1, 2, 10, 16];
/** Family, type and protocol. */
const kinds = {
  "a vsock stream": [40, 1, 0],
  "a vsock datagram": [40, 2, 0],
  "a raw socket": [2, 3, 1],
  MPTCP: [2, 1, 262],
  SCTP: [2, 1, 132],
  "UDP-Lite": [2, 2, 136],
  "netlink's other sockets": [16, 3, 4],
  "netlink's IPsec": [16, 3, 6],
  "netlink's audit": [16, 3, 9],
  "netlink's firewall": [16, 3, 12],
  "netlink's devices": [16, 3, 15],
  "generic netlink": [16, 3, 16],
};

export const systemCalls: readonly Check[] = [
  check<Outcomes>({
    id: "system-calls",
    control: "systemCalls",
    quick: true,
    promise: standard("system calls that no work needs fail"),
    attempt: () => ({
      how: `make each of ${calls.length}, io_uring, namespaces, mounts, keys and bpf among them, with arguments that do nothing`,
      probe: "system_calls",
      args: { names: calls },
    }),
    expectation: (outcomes) => allRefused(outcomes, ["EPERM", "ENOSYS"]),
  }),
  check<Outcomes>({
    id: "sockets",
    control: "systemCalls",
    quick: true,
    promise: standard("no sockets but Unix, TCP, UDP, ping and netlink's routes"),
    attempt: () => ({
      how: "open one of every other family, vsock among them, of other types and protocols",
      probe: "sockets",
      args: { families, kinds },
    }),
    // The last is the answer where there is no such family.
    expectation: (outcomes) => allRefused(outcomes, ["EPERM", "EAFNOSUPPORT"]),
  }),
  check<Outcomes>({
    id: "call-arguments",
    control: "systemCalls",
    quick: true,
    promise: standard("no call with arguments that no work needs, and none of 32-bit programs"),
    attempt: () => ({
      how: "clone with a namespace, switch broadcasts on, send past the routes, type into a terminal, imitate old systems, make a 32-bit call",
      probe: "call_arguments",
      args: {
        requests: { TIOCSTI: 0x5412, TIOCLINUX: 0x541c, TIOCSETD: 0x5423, "TIOCSTI in 64 bits": 0x1_0000_5412 },
        personas: { "personality of 32 bits": 8 },
      },
    }),
    // SIGSEGV: this kernel runs no 32-bit programs.
    expectation: (outcomes) => allRefused(outcomes, ["EPERM", "ENOSYS", "SIGSYS", "SIGSEGV"]),
  }),
];

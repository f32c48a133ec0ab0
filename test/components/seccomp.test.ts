import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allowedCalls } from "../../components/seccomp/allowed.ts";
import { noneOf } from "../../components/seccomp/arguments.ts";
import { seccompProfile } from "../../components/seccomp/docker.ts";
import { refusals } from "../../components/seccomp/refused.ts";

interface Rule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly { index: number; value: number; valueTwo: number; op: string }[];
}
const profile = JSON.parse(seccompProfile) as { defaultAction: string; syscalls: readonly Rule[] };

/** What the profile says to a call, as the kernel would ask: 64 bits of each argument. */
function answer(call: string, ...args: readonly (number | bigint)[]): string {
  const matches = profile.syscalls.filter(
    ({ names, args: conditions = [] }) =>
      names.includes(call) &&
      conditions.every(({ index, value, valueTwo }) => (BigInt.asUintN(64, BigInt(args[index] ?? 0)) & BigInt(value)) === BigInt(valueTwo)),
  );
  expect(matches.length, `rules for ${call}`).toBeLessThan(2);
  const [rule] = matches;
  if (rule === undefined) return profile.defaultAction === "SCMP_ACT_ERRNO" ? "EPERM" : profile.defaultAction;
  if (rule.action === "SCMP_ACT_ALLOW") return "allowed";
  return { 0: "pretended", 38: "ENOSYS" }[rule.errnoRet ?? 1] ?? `${rule.action} ${rule.errnoRet}`;
}

describe("calls by their name", () => {
  /** Each that is refused, with its nearest neighbours that are not. */
  const table: readonly [answer: string, refused: string, neighbours: string][] = [
    ["ENOSYS", "io_uring_setup io_uring_enter io_uring_register", "io_setup io_submit io_getevents epoll_wait"],
    ["EPERM", "unshare setns", "fork vfork"],
    ["ENOSYS", "clone3", "execve execveat"],
    [
      "EPERM",
      "mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr",
      "openat openat2 fsync statfs chdir",
    ],
    ["ENOSYS", "statmount listmount open_tree_attr", "statx"],
    ["EPERM", "keyctl add_key request_key", "getrandom"],
    ["EPERM", "bpf perf_event_open lookup_dcookie", "seccomp prctl landlock_create_ruleset"],
    ["EPERM", "userfaultfd modify_ldt remap_file_pages", "mmap mremap mprotect pkey_mprotect arch_prctl"],
    ["ENOSYS", "vmsplice memfd_secret", "splice tee memfd_create"],
    ["EPERM", "kcmp pidfd_getfd", "ptrace pidfd_open pidfd_send_signal"],
    ["ENOSYS", "process_vm_readv process_vm_writev process_madvise process_mrelease", "preadv pwritev madvise"],
    ["EPERM", "open_by_handle_at name_to_handle_at fanotify_init fanotify_mark", "inotify_init1 inotify_add_watch"],
    ["ENOSYS", "mbind set_mempolicy get_mempolicy migrate_pages move_pages set_mempolicy_home_node", "sched_setaffinity getcpu"],
    ["EPERM", "init_module finit_module delete_module kexec_load kexec_file_load reboot", "exit_group kill"],
    ["EPERM", "swapon swapoff acct quotactl quotactl_fd syslog sethostname setdomainname vhangup", "uname sysinfo mlockall"],
    ["EPERM", "settimeofday clock_settime adjtimex clock_adjtime iopl ioperm", "gettimeofday clock_gettime ioprio_set"],
    ["EPERM", "uselib ustat sysfs nfsservctl _sysctl", "stat fstat"],
    ["ENOSYS", "cachestat map_shadow_stack lsm_get_self_attr lsm_set_self_attr lsm_list_modules listns", "mincore fchmodat2 mseal"],
    ["ENOSYS", "getxattrat setxattrat listxattrat removexattrat file_getattr file_setattr", "getxattr setxattr"],
  ];

  test.each(table)("%s: %s; allowed: %s", (expected, refused, neighbours) => {
    for (const call of refused.split(" ")) expect([call, answer(call)]).toEqual([call, expected]);
    for (const call of neighbours.split(" ")) expect([call, answer(call)]).toEqual([call, "allowed"]);
  });

  test("the table holds every call that is refused by its name, and none of them is allowed too", () => {
    const listed = refusals.flatMap(({ calls, absent }) => [...calls, ...absent]);
    expect(table.flatMap(([, refused]) => refused.split(" ")).sort()).toEqual(listed.sort());
    expect(new Set(listed).size).toBe(listed.length);
    expect(allowedCalls.filter((call) => listed.includes(call))).toEqual([]);
    expect(new Set(allowedCalls).size).toBe(allowedCalls.length);
  });

  test("what the profile does not name is refused, 32-bit calls that hide their arguments among it", () => {
    expect(["socketcall", "ipc", "stat64", "made_up"].map((call) => answer(call))).toEqual(Array(4).fill("EPERM"));
    expect(profile).toMatchObject({
      defaultAction: "SCMP_ACT_ERRNO",
      syscalls: expect.arrayContaining([expect.objectContaining({ names: allowedCalls, includes: { arches: ["amd64", "arm64"] } })]),
      archMap: [
        { architecture: "SCMP_ARCH_X86_64", subArchitectures: [] },
        { architecture: "SCMP_ARCH_AARCH64", subArchitectures: [] },
      ],
    });
  });
});

describe("calls by their arguments", () => {
  const [stream, datagram, raw, seqpacket, nonblockCloexec] = [1, 2, 3, 5, 0x80800];

  test.each([
    ["Unix", [1, stream, 0], "allowed"],
    ["Unix seqpacket", [1, seqpacket, 0], "allowed"],
    ["TCP", [2, stream, 0], "allowed"],
    ["TCP, named, with flags", [2, stream | nonblockCloexec, 6], "allowed"],
    ["UDP", [2, datagram, 0], "allowed"],
    ["UDP, named", [2, datagram, 17], "allowed"],
    ["ping", [2, datagram, 1], "allowed"],
    ["TCP 6", [10, stream | nonblockCloexec, 6], "allowed"],
    ["UDP 6", [10, datagram, 17], "allowed"],
    ["ping 6", [10, datagram, 58], "allowed"],
    ["netlink, routes", [16, raw | nonblockCloexec, 0], "allowed"],
    ["raw", [2, raw, 1], "EPERM"],
    ["raw 6", [10, raw, 58], "EPERM"],
    ["MPTCP", [2, stream, 262], "EPERM"],
    ["SCTP", [2, stream, 132], "EPERM"],
    ["SCTP, as packets", [10, seqpacket, 132], "EPERM"],
    ["SMC", [2, stream, 256], "EPERM"],
    ["UDP-Lite", [2, datagram, 136], "EPERM"],
    ["L2TP", [2, datagram, 115], "EPERM"],
    ["netlink, firewall", [16, raw, 12], "EPERM"],
    ["netlink, other sockets", [16, datagram, 4], "EPERM"],
    ["netlink, audit", [16, raw, 9], "EPERM"],
    ["netlink, devices", [16, raw, 15], "EPERM"],
    ["netlink, generic", [16, raw, 16], "EPERM"],
    ["vsock in 64 bits", [0x1_0000_0028n, stream, 0], "EPERM"],
    ["Unix in 64 bits, as the kernel cuts it", [0x1_0000_0001n, stream, 0], "allowed"],
  ] as const)("socket: %s", (_, args, expected) => {
    expect(answer("socket", ...args)).toBe(expected);
  });

  test("socket: no other family, whatever the type", () => {
    const families = Array.from({ length: 64 }, (_, number) => number);
    const some = (number: number) =>
      [stream, datagram, raw, 4, seqpacket, 6, 10].some((kind) => answer("socket", number, kind, 0) === "allowed");
    expect(families.filter(some)).toEqual([1, 2, 10, 16]);
    expect(families.filter((number) => answer("socketpair", number, stream, 0) === "allowed")).toEqual([1]);
  });

  test.each([
    ["clone", [0x11], "allowed"],
    ["clone", [0x3d0f00], "allowed"],
    ...[0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000].map(
      (flag) => ["clone", [flag | 0x11], "EPERM"] as const,
    ),
    ["personality", [0], "allowed"],
    ["personality", [0x40000], "allowed"],
    ["personality", [0xffffffff], "allowed"],
    ["personality", [-1], "allowed"],
    ["personality", [8], "EPERM"],
    ["personality", [0x400000], "EPERM"],
    ["personality", [0x440000], "EPERM"],
    ["setsockopt", [3, 1, 2], "allowed"],
    ["setsockopt", [3, 1, 4], "allowed"],
    ["setsockopt", [3, 1, 5], "EPERM"],
    ["setsockopt", [3, 1, 6], "pretended"],
    ["setsockopt", [3, 1, 7], "allowed"],
    ["setsockopt", [3, 1, 83], "allowed"],
    ["setsockopt", [3, 0x1_0000_0001n, 0x1_0000_0006n], "pretended"],
    ["setsockopt", [3, 0, 5], "allowed"],
    ["setsockopt", [3, 0, 6], "allowed"],
    ["setsockopt", [3, 6, 5], "allowed"],
    ["setsockopt", [3, 41, 6], "allowed"],
    ["setsockopt", [3, 282, 1], "allowed"],
    ["sendto", [3, 0, 0, 0x4040], "allowed"],
    ["sendto", [3, 0, 0, 0x4044], "EPERM"],
    ["sendmsg", [3, 0, 0x4040], "allowed"],
    ["sendmsg", [3, 0, 4], "EPERM"],
    ["sendmmsg", [3, 0, 1, 0], "allowed"],
    ["sendmmsg", [3, 0, 1, 4], "EPERM"],
    ["ioctl", [0, 0x5412], "EPERM"],
    ["ioctl", [0, 0x541c], "EPERM"],
    ["ioctl", [0, 0x5423], "EPERM"],
    ["ioctl", [0, 0x1_0000_5412n], "EPERM"],
    ["ioctl", [0, 0xffff_ffff_0000_5412n], "EPERM"],
    ["ioctl", [0, 0x5411], "allowed"],
    ["ioctl", [0, 0x5413], "allowed"],
    ["ioctl", [0, 0x541b], "allowed"],
    ["ioctl", [0, 0x541d], "allowed"],
    ["ioctl", [0, 0x5424], "allowed"],
    ["ioctl", [0, 0xffff_ffff_8004_5430n], "allowed"],
  ] as const)("%s(%s): %s", (call, args, expected) => {
    expect(answer(call, ...args)).toBe(expected);
  });

  test("of the conditions for none of some values exactly one holds for any other value, and none for these", () => {
    const number = fc.nat(0xffff_ffff);
    fc.assert(
      fc.property(fc.uniqueArray(number, { minLength: 1, maxLength: 5 }), number, fc.nat(31), (values, other, bit) => {
        const conditions = noneOf(0, values);
        // Neighbours of the values, besides any other number.
        for (const candidate of [other, ...values, ...values.map((value) => (value ^ (1 << bit)) >>> 0)]) {
          const holding = conditions.filter(({ mask, value }) => (candidate & mask) >>> 0 === value).length;
          expect(holding).toBe(values.includes(candidate) ? 0 : 1);
        }
      }),
    );
  });
});

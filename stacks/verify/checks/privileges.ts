import { isOwnUid } from "../../../components/session-container/user.ts";
import { baseline } from "../../../policy/baseline.ts";
import { check, type Check, heldUnless } from "../check.ts";

/** By number, as the kernel counts them. */
const capabilityNames =
  "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE".split(
    " ",
  );
const capabilitySets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];

const owners = ["first", "further"] as const;

/** Fields of /proc/PID/status, of the session's first process and of the attempt itself. */
type Status = Readonly<Record<(typeof owners)[number], Readonly<Record<string, string | null>>>>;

/** What each process has in a field, where that is not what was promised. */
function fieldMust(status: Status, field: string, wanted: string): string[] {
  return owners.flatMap((owner) => {
    const value = status[owner][field]?.trim().replaceAll("\t", " ");
    return value === wanted ? [] : [`${field} of the ${owner} process is ${value ?? "unknown"}`];
  });
}

/** The names in a set as the kernel prints it. */
function namesIn(set: string): string[] {
  const bits = BigInt(`0x${set}`);
  return Array.from({ length: 64 }, (_, bit) => bit).flatMap((bit) =>
    (bits >> BigInt(bit)) & 1n ? [capabilityNames[bit] ?? `number ${bit}`] : [],
  );
}

const { gid } = baseline.user;

/** What the kernel tells of itself and of other processes' keys, which engines mask. */
const maskedPaths = [
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/sys/firmware",
];

export const privileges: readonly Check[] = [
  check<Status>({
    id: "user",
    control: "user",
    quick: true,
    promise: ({ uid }) => `the session runs as uid ${uid}`,
    attempt: () => ({ how: "read whose processes they are", probe: "process_status", args: { fields: ["Uid", "Gid"] } }),
    expectation: (status, { uid }) =>
      heldUnless(
        [...fieldMust(status, "Uid", Array(4).fill(uid).join(" ")), ...fieldMust(status, "Gid", Array(4).fill(gid).join(" "))],
        `uid ${uid}, gid ${gid}`,
      ),
  }),
  check<readonly string[]>({
    id: "own-uid",
    control: "user",
    promise: ({ uid }) => (isOwnUid(uid) ? `no other session of the engine has uid ${uid}` : undefined),
    attempt({ id, uid }, { uids }) {
      const how = "ask the engine for the user of every session";
      if (!uids.has(id)) return { how, notTried: "the engine does not say" };
      return { how, answer: [...uids].flatMap(([other, its]) => (other !== id && its === uid ? [other] : [])) };
    },
    expectation: (others) =>
      heldUnless(
        others.map((other) => `session ${other} has it too`),
        "none has it",
      ),
  }),
  check<Status>({
    id: "capabilities",
    control: "noCapabilities",
    quick: true,
    promise: ({ capabilities }) =>
      capabilities.length === 0 ? "every capability set is empty" : `no capability but ${capabilities.join(", ")}`,
    attempt: () => ({ how: "read all five sets", probe: "process_status", args: { fields: capabilitySets } }),
    expectation: (status, { capabilities }) => {
      const contradictions = owners.flatMap((owner) =>
        capabilitySets.flatMap((set) => {
          const more = namesIn(status[owner][set] ?? "").filter((name) => !capabilities.includes(name));
          return more.length === 0 ? [] : [`${set} of the ${owner} process has ${more.join(", ")}`];
        }),
      );
      return heldUnless(contradictions, capabilities.length === 0 ? "all empty" : `none but ${capabilities.join(", ")}`);
    },
  }),
  check<Status>({
    id: "no-new-privileges",
    control: "noNewPrivileges",
    quick: true,
    promise: () => "no program gains privileges",
    attempt: () => ({ how: "read the kernel's flag", probe: "process_status", args: { fields: ["NoNewPrivs"] } }),
    expectation: (status) => heldUnless(fieldMust(status, "NoNewPrivs", "1"), "set"),
  }),
  check<Status>({
    id: "seccomp",
    control: "seccompProfile",
    quick: true,
    promise: ({ ownSeccompProfile }) => (ownSeccompProfile ? "system calls are filtered by the session's own profile" : undefined),
    attempt: () => ({ how: "read the kernel's mode", probe: "process_status", args: { fields: ["Seccomp"] } }),
    expectation: (status) => heldUnless(fieldMust(status, "Seccomp", "2"), "filtered"),
  }),
  check<string[]>({
    id: "host-processes",
    control: "hostView",
    quick: true,
    promise: () => "no process of the host or of others is seen",
    attempt: () => ({ how: "look for processes outside of the session's control group", probe: "foreign_processes", args: {} }),
    expectation: (found) =>
      heldUnless(
        found.length > 0 ? [`seen: ${found.slice(0, 5).join(", ")}${found.length > 5 ? ` and ${found.length - 5} more` : ""}`] : [],
        "none",
      ),
  }),
  check<Record<string, number>>({
    id: "kernel-paths",
    control: "hostView",
    quick: true,
    promise: () => "what the kernel tells of the host is hidden",
    attempt: () => ({ how: `read ${maskedPaths.join(", ")}`, probe: "readable", args: { paths: maskedPaths } }),
    expectation: (answer) =>
      heldUnless(
        Object.entries(answer).flatMap(([path, amount]) => (amount > 0 ? [`${path} can be read`] : [])),
        "nothing to read",
      ),
  }),
];

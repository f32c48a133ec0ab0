/**
 * The hardened baseline: what every session container is held to, as one immutable value.
 *
 * Components render it into provider resources and rules are derived from it, so that what is built and what is checked
 * cannot drift apart. Figures come from the product's requirements unless a line says otherwise. Sizes are bytes, times
 * are seconds.
 */

const MiB = 1024 ** 2;

/** Freezes a value and everything in it. */
function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

export const baseline = deepFreeze({
  /** The agent's identity inside the container; never root. */
  user: { uid: 1000, gid: 1000 },
  /** Those that sessions may have one each of, so that they share nothing that the kernel counts for a uid. The image names each. */
  ownUids: { first: 10_000, last: 13_999 },
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] as readonly string[] },
  /** The process that reaps orphans and forwards signals as PID 1; it is part of the image. */
  init: ["/usr/bin/tini", "--"] as readonly string[],
  limits: {
    /** Bytes. Agents need at least 4 GB. */
    memory: 4096 * MiB,
    /** Cores. */
    cpu: 2,
    /** Processes and threads. */
    processes: 512,
    /** File descriptors of one process. */
    openFiles: 4096,
    /** Queued signals and timers for each process: what POSIX lets every program count on (_POSIX_SIGQUEUE_MAX, _POSIX_TIMER_MAX). */
    pendingSignals: 32,
    /** Bytes of `/tmp`. */
    tmp: 512 * MiB,
    /** Bytes of `/tmp/agent`. */
    agentTmp: 64 * MiB,
    /** Bytes of `/dev/shm`: the engine's own default. */
    sharedMemory: 64 * MiB,
    /** Bytes of `/workspace` and `/session` together: what AWS Fargate gives a task that asks for nothing. */
    disk: 20_480 * MiB,
    /** Bytes of a workspace kept in memory. */
    workspace: 1024 * MiB,
  },
  healthCheck: { interval: 30, timeout: 10, startPeriod: 30, retries: 3 },
  /** Rotation of the container's own output. */
  logs: { maxSizeMegabytes: 50, maxFiles: 10 },
  /** Brings a session back after a crash of its process or of the engine; `unless-stopped` does not survive the latter. */
  restart: "always",
  /** Where a published port listens unless settings say otherwise. */
  publishAddress: "127.0.0.1",
  /** A resolver that answers nothing: a sealed container's look-ups fail instead of leaving through the engine. */
  sealedDns: ["127.0.0.1"] as readonly string[],
  /** An engine before 25 gives a failed look-up no answer at all: with these it fails after a second, not after ten. */
  sealedDnsOptions: ["timeout:1", "attempts:1"] as readonly string[],
  /** Folders of the host that no container may see, at any depth: what is in them configures it, or holds its containers. */
  systemFolders: [
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/proc",
    "/root",
    "/sbin",
    "/sys",
    "/usr",
    "/var/backups",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/docker",
    "/var/lib/kubelet",
    "/var/spool",
    "/System",
    "/Library",
  ] as readonly string[],
  /** Folders of a user, and files, that hold credentials, by their names; no container may see one. */
  userCredentials: [
    ".aws",
    ".azure",
    ".cargo",
    ".docker",
    ".git-credentials",
    ".gnupg",
    ".kube",
    ".m2",
    ".minikube",
    ".netrc",
    ".oci",
    ".password-store",
    ".pip",
    ".pulumi",
    ".pypirc",
    ".ssh",
    ".talos",
    ".terraform.d",
    ".vault-token",
  ] as readonly string[],
  /** Where clouds tell a machine, a task or a pod who it is, and hand it the credentials. */
  metadata: {
    /** AWS, Azure, Google and most others; tasks of AWS; Alibaba; Azure's agent; Oracle; AWS and Google over IPv6. */
    services: [
      "169.254.169.254",
      "169.254.170.2",
      "100.100.100.200",
      "168.63.129.16",
      "192.0.0.192",
      "fd00:ec2::254",
      "fd20:ce::254",
    ] as readonly string[],
    /** The networks that hold nothing else; of a network that others use as well, the service alone. */
    networks: [
      "169.254.0.0/16",
      "100.100.100.200/32",
      "168.63.129.16/32",
      "192.0.0.192/32",
      "fd00:ec2::/32",
      "fd20:ce::/32",
    ] as readonly string[],
  },
  createdBy: "agent-sessions",
});

export type Baseline = typeof baseline;

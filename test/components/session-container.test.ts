import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { decimalCores, goDuration } from "../../components/container-engine/hardened.ts";
import { IsolatedNetwork } from "../../components/isolated-network/docker.ts";
import { seccompProfile } from "../../components/seccomp/docker.ts";
import { authorityOf, type SessionContainerArgs } from "../../components/session-container/args.ts";
import { SessionContainer } from "../../components/session-container/docker.ts";
import { type MadePart, part } from "../../components/session-part.ts";
import { SessionVolumes } from "../../components/session-volumes/docker.ts";
import { record } from "../support/record.ts";

const place = { sessionId: "a", project: "agent-sessions", stack: "test" };
const plain: SessionContainerArgs = { ...place, image: "sha256:0", parts: [] };
const made = (given: Partial<MadePart>): MadePart => ({ ...part(given), resources: [] });
const GB = 1024 ** 3;

/** All that the provider is asked for when nothing is. */
const baselineInputs = {
  name: "claude-agent-a",
  image: "sha256:0",
  hostname: "a",
  user: "1000:1000",
  entrypoints: ["/usr/bin/tini", "--", "/usr/local/bin/session-entrypoint"],
  workingDir: "/workspace",
  envs: [
    "AGENT_COMMAND=",
    "AGENT_ID=a",
    "AGENT_TRUSTED=/workspace",
    "CLAUDE_HEADLESS=true",
    "RUST_LOG=info",
    "SESSION_DISK_FOLDERS=",
    "SESSION_DISK_LIMIT=21474836480",
    "SESSION_HEALTH_RETRIES=3",
    "SESSION_ID=a",
    "SESSION_IDLE_TIMEOUT=0",
    "SESSION_MAX_LIFETIME=0",
    "SESSION_MOUNTS=",
    "SESSION_REPOSITORIES=",
  ],
  labels: [
    { label: "created_by", value: "agent-sessions" },
    { label: "pids_limit", value: "512" },
    { label: "session_id", value: "a" },
    { label: "stack", value: "agent-sessions/test" },
  ],
  readOnly: true,
  capabilities: { drops: ["ALL"] },
  securityOpts: ["no-new-privileges:true", `seccomp=${seccompProfile}`],
  ipcMode: "private",
  memory: 4096,
  memorySwap: 4096,
  cpus: "2.0",
  shmSize: 64,
  ulimits: [{ name: "nofile", soft: 4096, hard: 4096 }],
  mounts: [],
  tmpfs: {},
  networkMode: "none",
  healthcheck: { tests: ["CMD", "/usr/local/bin/session-health"], interval: "30s", timeout: "10s", startPeriod: "30s", retries: 3 },
  restart: "always",
  logDriver: "json-file",
  logOpts: { "max-size": "50m", "max-file": "10" },
  wait: false,
  mustRun: true,
  destroyGraceSeconds: 10,
};

test("with nothing asked for, exactly the baseline is registered, below its component", async () => {
  const { all, one } = await record(() => new SessionContainer("a", plain));
  expect(all.map(({ type, name }) => [type, name])).toEqual([
    ["agent-sessions:docker:SessionContainer", "a"],
    ["docker:index/container:Container", "a-container"],
  ]);
  expect(one("Container")).toMatchObject({
    parent: one("SessionContainer").urn,
    dependencies: [],
    replaceWith: [],
    deleteBeforeReplace: true,
    retainOnDelete: false,
    ignoreChanges: [],
  });
  expect(one("Container").inputs).toEqual(baselineInputs);
});

test("every option changes its own inputs and no other", async () => {
  const args: SessionContainerArgs = {
    ...plain,
    agentId: "me",
    agentCommand: "claude --resume",
    environment: { A: "1", SESSION_ID: "forged", SESSION_HEALTH_RETRIES: "0" },
    debug: true,
    limits: { memory: 8 * GB, cpu: 1.5, processes: 64, openFiles: 128, sharedMemory: GB, disk: GB },
    reservations: { memory: 2 * GB, cpu: 0.5 },
    healthCheck: { interval: 90, timeout: 5, startPeriod: 3600, retries: 5 },
    security: { capabilities: ["SYS_NICE", "CHOWN"], seccompProfile: "{}", appArmorProfile: "docker-default" },
    network: {
      mode: { kind: "custom", name: "n" },
      dns: ["9.9.9.9"],
      ports: [
        { container: 8000, host: 8000, address: "127.0.0.1", protocol: "tcp" },
        { container: 80, host: 8080, address: "127.0.0.1", protocol: "tcp" },
        { container: 53, host: 53, address: "127.0.0.1", protocol: "udp" },
      ],
    },
    parts: [
      made({
        environment: { ONE: "first", TWO: "first" },
        mounts: [
          { target: "/data", readOnly: false, source: { kind: "host", path: "/srv/data" } },
          { target: "/session", readOnly: false, source: { kind: "persistent", name: "session" } },
          { target: "/tmp", readOnly: false, source: { kind: "memory", size: 1024, exec: false, mode: "1777", owned: false } },
          { target: "/workspace", readOnly: false, source: { kind: "memory", size: 2048, exec: true, mode: "0700", owned: true } },
        ],
        authority: ["egress to any host"],
      }),
      made({ environment: { TWO: "second" } }),
    ],
    repositories: ["x", "y"],
    folders: new Map([
      ["/srv/data", "7.9"],
      ["session", "1.1"],
    ]),
    idleTimeout: 60,
    maxLifetime: 120,
  };
  const authority = [
    "session a: capability CHOWN",
    "session a: capability SYS_NICE",
    "session a: egress to any host",
    "session a: mount /srv/data at /data (writable)",
  ];
  let component: SessionContainer | undefined;
  const { one } = await record(() => {
    component = new SessionContainer("a", args);
  });
  const { networkMode: _, ...rest } = baselineInputs;
  expect(one("Container").inputs).toEqual({
    ...rest,
    envs: [
      "A=1",
      "AGENT_COMMAND=claude --resume",
      "AGENT_ID=me",
      "AGENT_TRUSTED=/workspace /workspace/x /workspace/y",
      "CLAUDE_DEBUG=true",
      "CLAUDE_HEADLESS=true",
      "ONE=first",
      "RUST_LOG=debug",
      "SESSION_DISK_FOLDERS=/session",
      "SESSION_DISK_LIMIT=1073741824",
      "SESSION_HEALTH_RETRIES=5",
      "SESSION_ID=a",
      "SESSION_IDLE_TIMEOUT=60",
      "SESSION_MAX_LIFETIME=120",
      "SESSION_MOUNTS=7.9 /data",
      "SESSION_REPOSITORIES=x y",
      "TWO=second",
    ],
    labels: baselineInputs.labels.map((entry) => (entry.label === "pids_limit" ? { ...entry, value: "64" } : entry)),
    capabilities: { drops: ["ALL"], adds: ["CAP_CHOWN", "CAP_SYS_NICE"] },
    securityOpts: ["no-new-privileges:true", "seccomp={}", "apparmor=docker-default"],
    memory: 8192,
    memorySwap: 8192,
    memoryReservation: 2048,
    cpus: "1.5",
    cpuShares: 512,
    shmSize: 1024,
    ulimits: [{ name: "nofile", soft: 128, hard: 128 }],
    mounts: [
      { type: "bind", source: "/srv/data", target: "/data", readOnly: false, bindOptions: { propagation: "rprivate" } },
      { type: "volume", source: "claude-agent-a-session", target: "/session", readOnly: false },
    ],
    tmpfs: {
      "/tmp": "rw,noexec,nosuid,nodev,size=1024,mode=1777",
      "/workspace": "rw,exec,nosuid,nodev,size=2048,mode=0700,uid=1000,gid=1000",
    },
    networksAdvanced: [{ name: "n", aliases: ["a"] }],
    dns: ["9.9.9.9"],
    // In the order in which the provider reads them back.
    ports: [
      { internal: 53, external: 53, ip: "127.0.0.1", protocol: "udp" },
      { internal: 80, external: 8080, ip: "127.0.0.1", protocol: "tcp" },
      { internal: 8000, external: 8000, ip: "127.0.0.1", protocol: "tcp" },
    ],
    healthcheck: { ...baselineInputs.healthcheck, interval: "1m30s", timeout: "5s", startPeriod: "1h0m0s", retries: 5 },
  });
  expect(component?.deployed).toMatchObject({
    container: "claude-agent-a",
    network: "n",
    attach: "docker exec -it claude-agent-a tmux attach -t claude",
  });
  expect(authorityOf(args)).toEqual(authority);
});

test("a uid of its own is the session's user and that of its scratch folders, in the group of all, with a limit on signals", async () => {
  const tmpfs = {
    target: "/tmp/agent",
    readOnly: false,
    source: { kind: "memory", size: 1024, exec: false, mode: "0700", owned: true },
  } as const;
  const { one } = await record(
    () => new SessionContainer("a", { ...plain, uid: 10_023, limits: { processes: 64 }, parts: [made({ mounts: [tmpfs] })] }),
  );
  expect(one("Container").inputs).toEqual({
    ...baselineInputs,
    user: "10023:1000",
    labels: baselineInputs.labels.map((entry) => (entry.label === "pids_limit" ? { ...entry, value: "64" } : entry)),
    tmpfs: { "/tmp/agent": "rw,noexec,nosuid,nodev,size=1024,mode=0700,uid=10023,gid=1000" },
    ulimits: [...baselineInputs.ulimits, { name: "sigpending", soft: 2048, hard: 2048 }],
  });
});

test.each([
  ["host", undefined, { kind: "host" }],
  ["container:other", undefined, { kind: "container", id: "other" }],
  ["none", "a", { kind: "none" }],
] as const)("in network mode %s the host name is %s, since a shared stack has one already", async (networkMode, hostname, mode) => {
  const { one } = await record(() => new SessionContainer("a", { ...plain, network: { mode } }));
  expect(one("Container").inputs).toMatchObject({ networkMode });
  expect(one("Container").inputs.hostname).toBe(hostname);
});

test("an image that is still unknown stays unknown, and what the component needs is registered first", async () => {
  const { all, one, of } = await record(() => {
    const volumes = new SessionVolumes("a", place).part;
    const image = pulumi.output(pulumi.unknown) as pulumi.Output<string>;
    new SessionContainer("a", { ...plain, image, parts: [volumes] }, { dependsOn: [...volumes.resources] });
  });
  expect(one("Container").inputs.image).toBe(pulumi.runtime.unknownValue);
  expect(new Set(one("SessionContainer").dependencies)).toEqual(new Set(of("Volume").map(({ urn }) => urn)));
  expect(all.findLastIndex(({ type }) => type.endsWith(":Volume"))).toBeLessThan(all.indexOf(one("Container")));
});

test("a replaced network replaces the session that is on it", async () => {
  const { one } = await record(() => {
    const network = { egress: "open" } as const;
    const attached = new IsolatedNetwork("a", { ...place, ...network }).part;
    new SessionContainer("a", { ...plain, network, parts: [attached] });
  });
  expect(one("Container").replaceWith).toEqual([one("Network").urn]);
});

test.each([
  [1, "1s"],
  [60, "1m0s"],
  [90, "1m30s"],
  [3600, "1h0m0s"],
  [3661, "1h1m1s"],
])("%i seconds are written as the engine writes them", (seconds, text) => {
  expect(goDuration(seconds)).toBe(text);
});

test.each([
  [2, "2.0"],
  [0.5, "0.5"],
  [0.25, "0.25"],
  [1.05, "1.05"],
  [10, "10."],
  [12, "12.0"],
  [12.5, "12.5"],
  [100, "100."],
  [100.5, "100.5"],
])("%d cores are written as the provider reads them back", (cores, text) => {
  expect(decimalCores(cores)).toBe(text);
});

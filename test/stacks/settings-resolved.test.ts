import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { shippedSets } from "../../stacks/egress-sets/shipped.ts";
import { parse } from "../../stacks/settings.ts";
import { temporaryFolder } from "../support/folder.ts";

/** What every key of a description becomes, in full, so that nothing else is ever added to a session. */

const root = temporaryFolder("resolved");
for (const folder of ["code", "data", "src"]) mkdirSync(join(root, folder));
symlinkSync(join(root, "code"), join(root, "link"));
symlinkSync(root, join(root, "own"));
writeFileSync(join(root, "seccomp.json"), '{ "defaultAction": "SCMP_ACT_ERRNO" }');
writeFileSync(join(root, "ca.pem"), "-----BEGIN CERTIFICATE-----\n");

const image = { variant: "slim", agent: { package: "@anthropic-ai/claude-code", version: "2.1.329" }, labels: {} };
const plain = {
  repositories: [],
  workspace: { kind: "volume" },
  limits: {},
  reservations: {},
  environment: {},
  credentials: { kind: "none" },
  network: { egress: "none", dns: [], ports: [] },
  services: [],
  healthCheck: {},
  security: {},
  binds: [],
};

test("an id alone becomes a session with nothing beside the baseline", () => {
  expect(parse({ sessions: [{ id: "a" }] }, { root, environment: {} })).toEqual({
    strategy: { name: "local", hostNetwork: false, debug: false, volumePersistence: true },
    image,
    cleanup: [],
    allowedHostPaths: [],
    hostPaths: [],
    reads: [
      { what: "base", value: [] },
      { what: "caBundle", value: [] },
    ],
    sessions: [{ id: "a", agentId: "a", agent: { permissions: "ask" }, ...plain }],
    reported: [],
    onPodman: {
      refused: [],
      reported: ["mounts that are there", "only the system calls"].map((what) =>
        expect.stringContaining(`Not enforced on Podman, for every session: ${what}`),
      ),
    },
  });
});

test("every key of a session, with paths made real and units made numbers", () => {
  const session = {
    id: "full-1",
    agentId: "agent",
    agent: { permissions: "ask" },
    repositories: [
      { name: "local", path: "link" },
      { name: "remote", url: "ssh://git@example.com/x.git", ref: "v1.0" },
      { name: "file", url: `file://${root}/link` },
    ],
    workspace: { kind: "tmpfs", size: "1.5 GB" },
    limits: { memory: "8 GB", cpu: "1.5", processes: 64, openFiles: 128, tmp: "64 MB", sharedMemory: "1gib", disk: "10 GB" },
    reservations: { memory: "2048 MB", cpu: 0.25 },
    environment: { TEXT: "x", NUMBER: 1, FLAG: true },
    network: {
      mode: "bridge",
      egress: "open",
      dns: ["9.9.9.9", "2620:fe::fe"],
      ports: [
        { container: 80, host: 8080 },
        { container: 53, host: 53, address: "0.0.0.0", protocol: "udp" },
      ],
    },
    healthCheck: { interval: "1 m", timeout: "5 s", startPeriod: "1.5 m", retries: 5 },
    security: { capabilities: ["NET_BIND_SERVICE"], seccompProfile: "seccomp.json", appArmorProfile: "docker-default" },
    mounts: [{ source: "own/data", target: "/data" }],
    agentCommand: "claude --resume",
    idleTimeout: "90 m",
    maxLifetime: "2 d",
  };
  expect(parse({ sessions: [session] }, { root, environment: {} }).sessions).toEqual([
    {
      id: "full-1",
      agentId: "agent",
      agent: { permissions: "ask" },
      repositories: [
        { name: "local", kind: "path", path: join(root, "code") },
        { name: "remote", kind: "url", url: "ssh://git@example.com/x.git", ref: "v1.0" },
        { name: "file", kind: "url", url: `file://${root}/link`, hostPath: join(root, "code") },
      ],
      workspace: { kind: "tmpfs", size: 1536 * 1024 ** 2 },
      limits: {
        memory: 8 * 1024 ** 3,
        cpu: 1.5,
        processes: 64,
        openFiles: 128,
        tmp: 64 * 1024 ** 2,
        sharedMemory: 1024 ** 3,
        disk: 10 * 1024 ** 3,
      },
      reservations: { memory: 2 * 1024 ** 3, cpu: 0.25 },
      environment: { TEXT: "x", NUMBER: "1", FLAG: "true" },
      credentials: { kind: "none" },
      network: {
        mode: { kind: "bridge" },
        egress: "open",
        dns: ["9.9.9.9", "2620:fe::fe"],
        ports: [
          { container: 80, host: 8080, address: "127.0.0.1", protocol: "tcp" },
          { container: 53, host: 53, address: "0.0.0.0", protocol: "udp" },
        ],
      },
      services: [],
      healthCheck: { interval: 60, timeout: 5, startPeriod: 90, retries: 5 },
      security: {
        capabilities: ["NET_BIND_SERVICE"],
        seccompProfile: '{"defaultAction":"SCMP_ACT_ERRNO"}',
        appArmorProfile: "docker-default",
      },
      binds: [{ source: join(root, "data"), target: "/data", readOnly: true }],
      agentCommand: "claude --resume",
      idleTimeout: 5400,
      maxLifetime: 172_800,
    },
  ]);
});

test.each([
  ["nothing", {}, {}, image],
  ["no agent", { agent: "none" }, {}, { variant: "slim", labels: {} }],
  [
    "a version alone keeps the package",
    { agent: { version: "1.2.3" } },
    {},
    { ...image, agent: { package: "@anthropic-ai/claude-code", version: "1.2.3" } },
  ],
  ["the user's own certificates", {}, { NODE_EXTRA_CA_CERTS: join(root, "ca.pem") }, { ...image, caBundle: join(root, "ca.pem") }],
  ["an empty NODE_EXTRA_CA_CERTS is none", {}, { NODE_EXTRA_CA_CERTS: "" }, image],
  [
    "a bundle of the project wins over the user's",
    { caBundle: "ca.pem" },
    { NODE_EXTRA_CA_CERTS: "/nowhere" },
    { ...image, caBundle: join(root, "ca.pem") },
  ],
  ["none refuses the user's", { caBundle: "none" }, { NODE_EXTRA_CA_CERTS: join(root, "ca.pem") }, image],
  [
    "all of it",
    {
      variant: "full",
      base: "debian@sha256:1",
      packages: ["g++", "libc6-dev"],
      registry: "localhost:5000/team",
      platform: "linux/arm64",
      revision: "abc",
      created: "2026-01-01T00:00:00Z",
    },
    {},
    {
      ...image,
      variant: "full",
      base: "debian@sha256:1",
      packages: ["g++", "libc6-dev"],
      registry: "localhost:5000/team",
      platform: "linux/arm64",
      labels: { revision: "abc", created: "2026-01-01T00:00:00Z" },
    },
  ],
])("the image: %s", (_, given, environment, expected) => {
  expect(parse({ sessions: [], image: given }, { root, environment }).image).toEqual(expected);
});

test.each(["@anthropic-ai/claude-code", "codex", "opencode-ai", "a.b_c~d-1", "@s-c.o/p"])("the agent's package %s", (name) => {
  const { agent } = parse(
    { sessions: [], image: { agent: { package: name, version: "1.0.0-beta.1+x" } } },
    { root, environment: {} },
  ).image;
  expect(agent).toEqual({ package: name, version: "1.0.0-beta.1+x" });
});

test.each([
  "debian",
  "debian:12",
  "node:24-bookworm-slim",
  "registry.example:5000/team/base_image",
  "localhost:5000/x:y",
  `ghcr.io/x/y:1@sha256:${"a".repeat(64)}`,
  `sha256:${"a".repeat(64)}`,
  "agent-sessions-base:bookworm",
])("the base %s", (base) => {
  expect(parse({ sessions: [], image: { base } }, { root, environment: {} }).image.base).toBe(base);
});

test("what the strategy's options change in a session", () => {
  const settings = parse(
    {
      sessions: [{ id: "a" }],
      local: { engine: "unix:///run/x.sock", debug: true, volumePersistence: false, hostNetwork: true },
      allowedHostPaths: ["own"],
    },
    { root, environment: {} },
  );
  expect(settings).toMatchObject({
    allowedHostPaths: [root],
    strategy: { name: "local", engine: "unix:///run/x.sock", debug: true, volumePersistence: false, hostNetwork: true },
  });
  expect(settings.sessions).toEqual([
    {
      id: "a",
      agentId: "a",
      agent: { permissions: "ask" },
      ...plain,
      workspace: { kind: "tmpfs", size: 1024 ** 3 },
      network: { mode: { kind: "host" }, egress: "none", dns: [], ports: [] },
      binds: [{ source: join(root, "src"), target: "/app/src", readOnly: true }],
    },
  ]);
});

test("a limit of the bandwidth, of the defaults unless the session has none", () => {
  const network = { egress: { allow: ["github.com"] }, bandwidth: { download: "10 MB/s" } };
  const { sessions } = parse(
    { defaults: { network }, sessions: [{ id: "a" }, { id: "b", network: { egress: "open", bandwidth: {} } }] },
    { root, environment: {} },
  );
  const allow = [{ host: "github.com", ports: [80, 443], addresses: [] }];
  expect(sessions.map((session) => session.network)).toEqual([
    { egress: { allow }, dns: [], ports: [], download: 10 * 1024 ** 2 },
    { egress: "open", dns: [], ports: [] },
  ]);
});

test.each([
  ["none", { kind: "none" }],
  ["bridge", { kind: "bridge" }],
  ["container:other-1", { kind: "container", id: "other-1" }],
  ["custom:team.net", { kind: "custom", name: "team.net" }],
])("the network mode %s", (mode, expected) => {
  expect(parse({ sessions: [{ id: "a", network: { mode } }] }, { root, environment: {} }).sessions[0]?.network.mode).toEqual(expected);
});

/** What a list becomes, beside sets that the settings add. */
function allowed(allow: readonly unknown[], more: object = {}) {
  const egressSets = {
    corp: ["git.corp.example:8443", { host: "wiki.corp.example", addresses: ["10.1.0.0/16"] }],
    github: ["github.corp.example"],
  };
  const session = { id: "a", network: { egress: { allow } }, ...more };
  const { sessions } = parse({ egressSets, sessions: [session] }, { root, environment: {} });
  const egress = sessions[0]?.network.egress;
  return typeof egress === "object" ? egress.allow : [];
}

const bedrock = (region: string) => [
  { host: `bedrock-runtime.${region}.amazonaws.com`, ports: [443], addresses: [], sets: ["bedrock"] },
  { host: `bedrock.${region}.amazonaws.com`, ports: [443], addresses: [], sets: ["bedrock"] },
];

test.each<[string, unknown[], object, object[]]>([
  [
    "a set that ships",
    [{ set: "anthropic" }],
    {},
    ["api.anthropic.com", "claude.ai", "platform.claude.com"].map((host) => ({ host, ports: [443], addresses: [], sets: ["anthropic"] })),
  ],
  ["a set by region", [{ set: "bedrock", region: "eu-central-1" }], {}, bedrock("eu-central-1")],
  [
    "a set by region, that of the credentials",
    [{ set: "bedrock" }],
    { credentials: { kind: "file", secret: { env: "KEY" }, provider: "bedrock", region: "us-west-2" } },
    bedrock("us-west-2"),
  ],
  [
    "a set of the settings, with private addresses for all of it",
    [{ set: "corp", addresses: ["10.2.0.0/16"] }],
    {},
    [
      { host: "git.corp.example", ports: [8443], addresses: ["10.2.0.0/16"], sets: ["corp"] },
      { host: "wiki.corp.example", ports: [80, 443], addresses: ["10.1.0.0/16", "10.2.0.0/16"], sets: ["corp"] },
    ],
  ],
  [
    "hosts that are listed twice, once",
    [
      "git.corp.example:8443",
      { set: "corp" },
      "git.corp.example",
      "git.corp.example",
      { host: "git.corp.example", addresses: ["10.0.0.0/8"] },
    ],
    {},
    [
      { host: "git.corp.example", ports: [80, 443, 8443], addresses: [], sets: ["corp"] },
      { host: "wiki.corp.example", ports: [80, 443], addresses: ["10.1.0.0/16"], sets: ["corp"] },
      { host: "git.corp.example", ports: [80, 443], addresses: ["10.0.0.0/8"] },
    ],
  ],
])("an allow list with %s", (_, allow, more, expected) => {
  expect(allowed(allow, more)).toEqual(expected);
});

test("a set that the settings add to has its own hosts first", () => {
  const hosts = allowed([{ set: "github" }]).map(({ host }) => host);
  expect(hosts.length).toBeGreaterThan(2);
  expect([hosts[0], hosts.at(-1)]).toEqual(["github.com", "github.corp.example"]);
});

test("every set that ships names its hosts exactly, once, and where they are documented", () => {
  for (const [set, { hosts, documented }] of Object.entries(shippedSets)) {
    expect(documented).toMatch(/^https:\/\//);
    expect(Object.values(hosts).every((use) => use.length > 3)).toBe(true);
    const names = Object.keys(hosts).map((host) => host.replace("{region}", "eu-central-1"));
    expect(allowed(names).map(({ host }) => host)).toEqual(names);
    expect(
      names.filter((host) => host.startsWith("*")),
      set,
    ).toEqual([]);
  }
});

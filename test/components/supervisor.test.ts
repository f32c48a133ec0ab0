import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { engineSocketOf } from "../../components/container-engine/find.ts";
import { seccompProfile } from "../../components/seccomp/docker.ts";
import { Supervisor } from "../../components/supervisor/docker.ts";
import { policyExceptions } from "../../components/supervisor/exceptions.ts";
import { evaluate, type PolicyConfig } from "../../policy/evaluate.ts";
import { policyConfig } from "../../stacks/policy-config.ts";
import { parse } from "../../stacks/settings.ts";
import { record } from "../support/record.ts";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const owner = { project: "agent-sessions", stack: "test" };
const args = {
  ...owner,
  image: `agent-sessions-supervisor@sha256:${"1".repeat(64)}`,
  strategy: "single-node",
  authority: ["session a: egress to github.com:443"],
  engineSocket: "/run/podman/podman.sock",
};
const labels = (more: Record<string, string>) =>
  Object.entries({ created_by: "agent-sessions", stack: "agent-sessions/test", ...more })
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([label, value]) => ({ label, value }));
const hardened = {
  image: args.image,
  readOnly: true,
  capabilities: { drops: ["ALL"] },
  securityOpts: ["no-new-privileges:true", `seccomp=${seccompProfile}`],
  ipcMode: "private",
  memory: 256,
  memorySwap: 256,
  cpus: "0.5",
  tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=67108864,mode=1777" },
  restart: "always",
  logDriver: "json-file",
  logOpts: { "max-size": "50m", "max-file": "10" },
  wait: false,
  mustRun: true,
};
const health = (name: string) => ({
  tests: ["CMD", "node", `/usr/local/lib/agent-sessions/${name}.ts`, "--check"],
  interval: "15s",
  timeout: "10s",
  startPeriod: "15s",
  retries: 3,
});

test("the supervisor, the reader that alone has the engine's socket, and their network", async () => {
  let made: Supervisor | undefined;
  const { all } = await record(() => {
    made = new Supervisor("supervisor", { ...args, port: 19_464, alertmanager: "http://alertmanager:9093" });
  });
  const inputs = Object.fromEntries(all.filter(({ type }) => type.startsWith("docker:")).map(({ name, inputs }) => [name, inputs]));
  expect(inputs).toEqual({
    "supervisor-network": {
      name: "agent-sessions-test-monitoring",
      driver: "bridge",
      internal: false,
      options: { "com.docker.network.bridge.enable_icc": "true", "com.docker.network.bridge.enable_ip_masquerade": "false" },
      labels: labels({ kind: "monitoring" }),
    },
    "supervisor-engine-reader-volume": {
      name: "agent-sessions-test-engine-reader",
      driver: "local",
      labels: labels({ kind: "engine-reader" }),
    },
    "supervisor-engine-reader-container": {
      ...hardened,
      name: "agent-sessions-test-engine-reader",
      user: "0:0",
      entrypoints: ["/usr/bin/tini", "--", "node", "/usr/local/lib/agent-sessions/reader.ts"],
      envs: ["STACK=agent-sessions/test"],
      labels: labels({ kind: "engine-reader", pids_limit: "128" }),
      mounts: [
        { type: "volume", source: "agent-sessions-test-engine-reader", target: "/run/engine-reader", readOnly: false },
        {
          type: "bind",
          source: "/run/podman/podman.sock",
          target: "/var/run/docker.sock",
          readOnly: true,
          bindOptions: { propagation: "rprivate" },
        },
      ],
      networkMode: "none",
      workingDir: "/workspace",
      healthcheck: health("reader"),
      destroyGraceSeconds: 10,
    },
    "supervisor-settings-volume": {
      name: "agent-sessions-test-supervisor-settings",
      driver: "local",
      labels: labels({ kind: "supervisor" }),
    },
    "supervisor-settings-carrier": expect.objectContaining({
      uploads: [{ file: "/etc/agent-sessions/authority.json", content: '["session a: egress to github.com:443"]', permissions: "0444" }],
    }),
    "supervisor-container": {
      ...hardened,
      name: "agent-sessions-test-supervisor",
      user: "14000:14000",
      entrypoints: ["/usr/bin/tini", "--", "node", "/usr/local/lib/agent-sessions/supervisor.ts"],
      envs: ["ALERTMANAGER=http://alertmanager:9093", "STACK=agent-sessions/test", "STRATEGY=single-node"],
      labels: labels({ kind: "supervisor", pids_limit: "128" }),
      mounts: [
        { type: "volume", source: "agent-sessions-test-engine-reader", target: "/run/engine-reader", readOnly: true },
        { type: "volume", source: "agent-sessions-test-supervisor-settings", target: "/etc/agent-sessions", readOnly: true },
      ],
      dns: ["127.0.0.1"],
      dnsOpts: ["timeout:1", "attempts:1"],
      hostname: "supervisor",
      networksAdvanced: [{ name: "agent-sessions-test-monitoring", aliases: ["supervisor"] }],
      ports: [{ internal: 9464, external: 19_464, ip: "127.0.0.1", protocol: "tcp" }],
      healthcheck: health("supervisor"),
      destroyGraceSeconds: 3,
    },
  });
  expect(made?.network.name).toBe("agent-sessions-test-monitoring");
  expect(made?.authority).toEqual([
    "supervisor: port 127.0.0.1:19464 to 9464/tcp",
    "engine reader: the container engine at /run/podman/podman.sock, of which it hands on what the supervisor may know of this stack",
  ]);
});

test("what is reached by a gateway alone has a network that nobody from elsewhere gets into", async () => {
  const { all } = await record(() => new Supervisor("supervisor", { ...args, closed: true }));
  const inputs = Object.fromEntries(all.map(({ name, inputs }) => [name, inputs]));
  expect(inputs["supervisor-closed"]).toEqual({
    name: "agent-sessions-test-closed",
    driver: "bridge",
    internal: true,
    options: {
      "com.docker.network.bridge.enable_icc": "true",
      "com.docker.network.bridge.enable_ip_masquerade": "false",
      "com.docker.network.bridge.inhibit_ipv4": "true",
    },
    labels: labels({ kind: "monitoring" }),
  });
  expect(inputs["supervisor-container"]?.networksAdvanced).toEqual(
    ["agent-sessions-test-monitoring", "agent-sessions-test-closed"].map((name) => ({ name, aliases: ["supervisor"] })),
  );
});

test.each([
  ["unix:///var/run/docker.sock", "/var/run/docker.sock"],
  ["unix:///run/user/1000/docker.sock", "/run/user/1000/docker.sock"],
  ["unix:///home/me/.docker/run/docker.sock", "/var/run/docker.sock"],
  ["ssh://server", "/var/run/docker.sock"],
  ["ssh://me@server:22/run/user/1000/docker.sock", "/run/user/1000/docker.sock"],
  ["tcp://server:2376", "/var/run/docker.sock"],
])("the engine at %s listens on its own machine at %s", (address, socket) => {
  expect(engineSocketOf({ address })).toBe(socket);
});

test("all that the policy lets pass of it has a reason, an owner and an end, and is no session's", async () => {
  const settings = (more: object) =>
    parse({ strategy: "single-node", sessions: [{ id: "supervisor-engine-reader" }], ...more }, { environment: {} });
  const config = policyConfig(settings({}));
  const { all } = await record(() => new Supervisor("supervisor", args));
  const resources = all.map(({ urn, type, name, inputs }) => ({ urn, type, name, props: inputs }));
  const judged = (given: typeof resources, config: PolicyConfig) =>
    evaluate(given, { level: "single-node", config }).findings.filter(({ verdict }) => verdict === "violation");
  expect(judged(resources, config)).toEqual([]);
  expect(new Set(judged(resources, { "CTR-013": { allowedHostPaths: ["/srv"] } }).map(({ rule }) => rule))).toEqual(
    new Set(Object.keys(policyExceptions).map((policy) => policy.replace("-low", ""))),
  );
  const session = resources.map((each) => ({
    ...each,
    urn: each.urn.replace(/agent-sessions:docker:(EngineReader|Supervisor)/g, "agent-sessions:docker:Session"),
  }));
  expect(judged(session, config).length).toBeGreaterThan(3);
  for (const { reason, owner, expires } of Object.values(policyExceptions).flat())
    expect([reason.length > 40, owner, expires]).toEqual([true, expect.stringMatching(/\w/), expect.stringMatching(/^20\d\d-\d\d-\d\d$/)]);
});

test("no other strategy is let pass anything of it, and what sessions may see of the host stays beside it", () => {
  expect(policyConfig(parse({ sessions: [{ id: "a" }] }, { environment: {} }))).toEqual({});
  const repository = { name: "code", path: root };
  const config = policyConfig(parse({ strategy: "single-node", sessions: [{ id: "a", repositories: [repository] }] }, { environment: {} }));
  expect(config["CTR-013"]).toEqual({ allowedHostPaths: [root], exceptions: policyExceptions["CTR-013"] });
});

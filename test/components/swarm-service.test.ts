import type Docker from "dockerode";
import { describe, expect, test } from "vitest";
import { Credentials } from "../../components/credentials/swarm.ts";
import { EgressProxy } from "../../components/egress-proxy/swarm.ts";
import { renewService, scaleService } from "../../components/swarm/inspected.ts";
import { overlayOf } from "../../components/swarm/overlay.ts";
import { SwarmProvider } from "../../components/swarm/provider.ts";
import { type HardenedService, toHardenedService } from "../../components/swarm/service.ts";
import { managerRefusal } from "../../components/swarm/state.ts";
import { type Recorded, record } from "../support/record.ts";
import { secret } from "../support/secret.ts";

/** What a service on Swarm is given, all of it: an input that is lost weakens it without a word. */

const least: HardenedService = {
  name: "n",
  image: "i",
  user: [1, 2],
  program: ["p"],
  environment: { A: "1" },
  mounts: [],
  limits: { memory: 1024 ** 3, cpu: 1.5, processes: 7 },
  labels: { kind: "k" },
  health: { command: ["h"], interval: 5, timeout: 2, startPeriod: 3, retries: 4 },
  logs: undefined,
  delivered: { secrets: [], configs: [] },
  networks: [{ id: "net" }],
  hostname: "host",
};

test("a service that says least has the baseline, and its limits as labels", () => {
  expect(toHardenedService(least, { node: "n1", update: {} } as never)).toEqual({
    name: "n",
    labels: [
      {
        label: "kind",
        value: "k",
      },
      {
        label: "pids_limit",
        value: "7",
      },
    ],
    mode: {
      replicated: {
        replicas: 1,
      },
    },
    endpointSpec: {
      mode: "dnsrr",
    },
    updateConfig: {
      parallelism: 1,
      delay: "0s",
      monitor: "5s",
      maxFailureRatio: "0.0",
      order: "stop-first",
      failureAction: "rollback",
    },
    rollbackConfig: {
      parallelism: 1,
      delay: "0s",
      monitor: "5s",
      maxFailureRatio: "0.0",
      order: "stop-first",
      failureAction: "pause",
    },
    taskSpec: {
      containerSpec: {
        image: "i",
        commands: ["/usr/bin/tini", "--", "p"],
        env: {
          A: "1",
        },
        labels: [
          {
            label: "kind",
            value: "k",
          },
        ],
        user: "1:2",
        dir: "/workspace",
        hostname: "host",
        readOnly: true,
        capDrops: ["ALL"],
        mounts: [],
        healthcheck: {
          tests: ["CMD", "h"],
          interval: "5s",
          timeout: "2s",
          startPeriod: "3s",
          retries: 4,
        },
      },
      resources: {
        limits: {
          memoryBytes: 1073741824,
          nanoCpus: 1500000000,
        },
      },
      restartPolicy: {
        condition: "any",
        delay: "1s",
        window: "0s",
      },
      placement: {
        constraints: ["node.id==n1"],
      },
      networksAdvanceds: [
        {
          id: "net",
        },
      ],
      logDriver: {
        name: "json-file",
        options: {
          "max-size": "50m",
          "max-file": "10",
        },
      },
    },
  });
});

test("and one that says all has all of it", () => {
  const all = {
    ...least,
    limits: { ...least.limits, openFiles: 9 },
    pendingSignals: 8,
    reservation: { memory: 5, cpu: 0.5 },
    networks: [{ id: "net", alias: "x" }],
    dns: { servers: ["1.1.1.1"], options: ["o"] },
    capabilities: ["net_admin", "CHOWN"],
    delivered: { secrets: [{ secretName: "s" }], configs: [{ configName: "c" }] },
    logs: { driver: "journald" },
  } as unknown as HardenedService;
  const made = toHardenedService(all, { node: "n1", update: { failureAction: "pause", monitor: 9 } } as never);
  expect(made).toMatchObject({
    labels: [
      {
        label: "kind",
        value: "k",
      },
      {
        label: "nofile_limit",
        value: "9",
      },
      {
        label: "pids_limit",
        value: "7",
      },
      {
        label: "sigpending_limit",
        value: "8",
      },
    ],
    updateConfig: { monitor: "9s", failureAction: "pause" },
    rollbackConfig: { monitor: "9s", failureAction: "pause" },
  });
  const { containerSpec, ...task } = made.taskSpec;
  expect(containerSpec).toMatchObject({
    capDrops: ["ALL"],
    capAdds: ["CAP_CHOWN", "CAP_NET_ADMIN"],
    secrets: [{ secretName: "s" }],
    configs: [{ configName: "c" }],
    dnsConfig: { nameservers: ["1.1.1.1"], options: ["o"] },
  });
  expect(task).toMatchObject({
    resources: { reservation: { memoryBytes: 5, nanoCpus: 500_000_000 } },
    networksAdvanceds: [{ id: "net", aliases: ["x"] }],
  });
  expect(task.logDriver).toEqual({ name: "journald" });
});

const at = { project: "agent-sessions", stack: "test", sessionId: "a", image: "sha256:0" };
const opts = () => ({
  provider: new SwarmProvider("swarm", { address: "unix:///swarm.sock", source: "a test" } as never, { node: "node-1", update: {} }),
});
const labels = (more: Record<string, string>) =>
  Object.entries({ created_by: "agent-sessions", stack: "agent-sessions/test", ...more })
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([label, value]) => ({ label, value }));

describe("what gives a session its credentials", () => {
  const given = { ...at, provider: "anthropic", secret: secret("env KEY", "hush"), logs: { driver: "journald" } } as const;
  const made = (args: object) => record(() => new Credentials("a", { ...given, ...args } as never, opts()));

  test("as a proxy is labelled as its session's, limited, and made anew with its volume and its network", async () => {
    const { one } = await made({ kind: "proxy", upstream: "https://api.example/v1/messages" });
    const [service, volume, network] = [one("Service"), one("Volume"), one("Network")];
    expect(service.inputs).toMatchObject({
      labels: labels({ kind: "credential-proxy", session_id: "a", pids_limit: "128" }),
      taskSpec: { containerSpec: { hostname: "credential-proxy" }, logDriver: { name: "journald" } },
    });
    expect(service.replaceWith).toEqual([volume.urn, network.urn]);
    expect([...service.dependencies].sort()).toEqual([volume.urn, network.urn, one("Secret").urn].sort());
    expect([service.deleteBeforeReplace, service.hooks]).toEqual([
      true,
      { afterCreate: ["agent-sessions-service-limits"], afterUpdate: ["agent-sessions-service-limits"] },
    ]);
    expect(volume.inputs).toEqual({
      name: "claude-agent-a-credential-proxy",
      driver: "local",
      labels: labels({ kind: "credential-proxy", session_id: "a" }),
    });
    // No session is in it.
    expect(network.inputs).toMatchObject({ internal: false, attachable: false, labels: labels({ kind: "credential-proxy" }) });
  });

  test("as a command's output runs once, as a container that is labelled as its session's", async () => {
    const { of } = await made({ kind: "init", command: "x" });
    expect(of("Container").find(({ name }) => name === "a-auth-fetch")?.inputs).toMatchObject({
      labels: labels({ kind: "auth", session_id: "a", pids_limit: "128" }),
      logDriver: "journald",
    });
  });
});

describe("an egress proxy", () => {
  const network = { resources: [] };
  const made = (more: object) =>
    record(async () => {
      const { IsolatedNetwork } = await import("../../components/isolated-network/swarm.ts");
      const own = opts();
      const { part } = new IsolatedNetwork("a", { ...at, egress: { mode: "enforce", allow: [] } } as never, own);
      new EgressProxy("a", { ...at, ...network, allow: [], network: part, ...more } as never, own);
    });
  const specOf = ({ one }: Recorded) => (one("Service").inputs.taskSpec as { containerSpec: object }).containerSpec;

  test("asks the resolvers that it is given, and without any the engine's", async () => {
    expect(specOf(await made({ dns: ["192.0.2.53"] }))).toMatchObject({ dnsConfig: { nameservers: ["192.0.2.53"], options: [] } });
    expect(specOf(await made({}))).not.toHaveProperty("dnsConfig");
  });

  test("has a parent's login as a Swarm secret of its own, which it alone may read", async () => {
    const login = { username: "me", password: secret("env PROXY", "hush") };
    const recorded = await made({ parent: { host: "proxy.corp.test", port: 3128, login } });
    const { inputs } = recorded.one("Secret");
    expect(inputs).toMatchObject({
      name: expect.stringMatching(/^claude-agent-a-proxy-parent-[0-9a-f]{10}$/),
      labels: labels({ kind: "egress-proxy", serves: "a", egress: "enforce" }),
    });
    expect(specOf(recorded)).toMatchObject({
      secrets: [{ secretName: inputs.name, fileName: "/parent/login", fileUid: "13", fileGid: "13", fileMode: 0o400 }],
    });
  });
});

test("a service needs a network that its session's part has made", () => {
  expect(() => overlayOf({ resources: [] })).toThrow("a service needs a network of its session's, which has made none");
});

describe("a service that is there", () => {
  const spec = { Name: "n", Labels: { a: "b" }, Mode: { Replicated: { Replicas: 1 } }, TaskTemplate: { Placement: {}, ForceUpdate: 2 } };
  const changed = async (change: (docker: Docker) => Promise<void>, Spec: object = spec) => {
    const asked: unknown[] = [];
    const service = { inspect: async () => ({ Spec, Version: { Index: 7 } }), update: async (sent: unknown) => void asked.push(sent) };
    await change({ getService: (id: string) => (id === "id" ? service : undefined) } as unknown as Docker);
    return asked;
  };

  test("is scaled with all else as it was", async () => {
    expect(await changed((docker) => scaleService(docker, "id", 0))).toEqual([
      { ...spec, Mode: { Replicated: { Replicas: 0 } }, version: 7 },
    ]);
  });

  test("is renewed with all as it was", async () => {
    expect(await changed((docker) => renewService(docker, "id"))).toEqual([
      { ...spec, TaskTemplate: { Placement: {}, ForceUpdate: 3 }, version: 7 },
    ]);
    expect(await changed((docker) => renewService(docker, "id"), { Name: "n" })).toEqual([
      { Name: "n", TaskTemplate: { ForceUpdate: 1 }, version: 7 },
    ]);
  });
});

test.each([
  [{}, /^is in no swarm; run "docker swarm init/],
  [{ Swarm: { LocalNodeState: "pending", ControlAvailable: true } }, /^is in no swarm; /],
  [{ Swarm: { LocalNodeState: "locked" } }, /^is in a swarm that is locked; run "docker swarm unlock" there$/],
  [{ Swarm: { LocalNodeState: "active" } }, /^is a worker of its swarm, .* run "docker node promote"/],
  [{ Swarm: { LocalNodeState: "active", ControlAvailable: false } }, /^is a worker of its swarm, /],
])("an engine that says %j is no manager", (info, why) => expect(managerRefusal(info)).toMatch(why));

test("an active manager may make services", () => {
  expect(managerRefusal({ Swarm: { LocalNodeState: "active", ControlAvailable: true } })).toBeUndefined();
});

import { describe, expect, test } from "vitest";
import { Credentials } from "../../components/credentials/swarm.ts";
import { EgressProxy } from "../../components/egress-proxy/swarm.ts";
import { IsolatedNetwork } from "../../components/isolated-network/swarm.ts";
import { SessionContainer } from "../../components/session-container/swarm.ts";
import type { Mount } from "../../components/session-part.ts";
import { SessionVolumes } from "../../components/session-volumes/docker.ts";
import { deliver } from "../../components/swarm/delivered.ts";
import { toSwarmMounts } from "../../components/swarm/mounts.ts";
import { type Rollout, SwarmProvider } from "../../components/swarm/provider.ts";
import { concealSecrets } from "../../stacks/recorder/secret-inputs.ts";
import { runProgram } from "../../stacks/recorder/program.ts";
import { type Recorded, record } from "../support/record.ts";
import { secret } from "../support/secret.ts";

/** What sessions on Swarm ask for: services, overlay networks, and what Swarm itself delivers. */

const at = { project: "agent-sessions", stack: "test", sessionId: "a" };
const image = "sha256:0";
const MiB = 1024 ** 2;
/** Of a session with a uid of its own, for each of its processes. */
const pendingSignals = 32;

const provider = (update: Rollout = {}) =>
  new SwarmProvider("swarm", { address: "unix:///swarm.sock", source: "a test" } as never, { node: "node-1", update });

interface Given {
  readonly key?: string;
  readonly kind?: "file" | "proxy";
  readonly egress?: "open" | "none" | { readonly mode: "enforce"; readonly allow: readonly never[] };
  readonly update?: Rollout;
}

/** A session with a network and a key. */
const session =
  ({ key = "hush", kind = "file", egress = "none", update = {} }: Given = {}) =>
  () => {
    const opts = { provider: provider(update) };
    const of = secret("env KEY", key);
    const given = { ...at, image, provider: "anthropic", secret: of } as const;
    const network = new IsolatedNetwork("a", { ...at, egress }, opts).part;
    const parts = [
      new SessionVolumes("a", { ...at, repositories: [] }, opts).part,
      new Credentials("a", kind === "file" ? { ...given, kind } : { ...given, kind, upstream: "https://api.example/v1/messages" }, opts)
        .part,
      network,
      ...(typeof egress === "object" ? [new EgressProxy("a", { ...at, ...egress, image: "proxy", network }, opts).part] : []),
    ];
    new SessionContainer("a", { ...at, image, parts, network: { egress } }, opts);
  };
const make = (given?: Given) => record(session(given));

interface AskedService {
  readonly taskSpec: { readonly containerSpec: Readonly<Record<string, unknown>>; readonly networksAdvanceds: readonly unknown[] };
}

const services = (recorded: Recorded) =>
  Object.fromEntries(recorded.of("Service").map(({ inputs }) => [inputs.name, inputs as unknown as AskedService]));
const container = (service: AskedService | undefined) => service?.taskSpec.containerSpec ?? {};

describe("a session", () => {
  test("is one service of one task on the node with its volumes, held to the baseline, that goes back when an update fails", async () => {
    const recorded = await make();
    const service = services(recorded)["claude-agent-a"];
    expect(service).toMatchObject({
      mode: { replicated: { replicas: 1 } },
      endpointSpec: { mode: "dnsrr" },
      updateConfig: { parallelism: 1, order: "stop-first", failureAction: "rollback", monitor: "5s" },
      rollbackConfig: { parallelism: 1, order: "stop-first", failureAction: "pause" },
      taskSpec: { placement: { constraints: ["node.id==node-1"] }, restartPolicy: { condition: "any" } },
    });
    expect(container(service)).toMatchObject({ readOnly: true, capDrops: ["ALL"], user: "1000:1000", image });
    expect(container(service)).not.toHaveProperty("capAdds");
    const paused = services(await make({ update: { failureAction: "pause", monitor: 30 } }))["claude-agent-a"];
    expect(paused).toMatchObject({ updateConfig: { failureAction: "pause", monitor: "30s" } });
  });

  test("without egress is on an internal, encrypted network of its own, which no container may join", async () => {
    const recorded = await make();
    expect(recorded.of("Network").map(({ inputs }) => inputs)).toMatchObject([
      { name: "claude-agent-a", driver: "overlay", internal: true, attachable: false, options: { encrypted: "" } },
    ]);
    expect(container(services(recorded)["claude-agent-a"])).toMatchObject({ dnsConfig: { nameservers: ["127.0.0.1"] } });
    const open = await make({ egress: "open" });
    expect(open.one("Network").inputs).toMatchObject({ internal: false });
    expect(container(services(open)["claude-agent-a"])).not.toHaveProperty("dnsConfig");
  });

  test("with a list has a proxy, which alone is on a second network that leads outside", async () => {
    const program = session({ egress: { mode: "enforce", allow: [] } });
    const recorded = await record(program);
    expect(recorded.of("Network").map(({ inputs: { name, internal } }) => [name, internal])).toEqual([
      ["claude-agent-a", true],
      ["claude-agent-a-edge", false],
    ]);
    const { registrations } = await runProgram({
      project: "agent-sessions",
      stack: "test",
      preview: false,
      program: async () => {
        program();
        return {};
      },
      resolve: async ({ inputs }) => ({ id: `id of ${inputs.name}`, outputs: inputs }),
    });
    const joined = registrations.flatMap(({ type, inputs }) =>
      type.endsWith(":Service") ? [[inputs.name, (inputs as unknown as AskedService).taskSpec.networksAdvanceds]] : [],
    );
    expect(Object.fromEntries(joined)).toEqual({
      "claude-agent-a": [{ id: "id of claude-agent-a", aliases: ["a"] }],
      "claude-agent-a-proxy": [{ id: "id of claude-agent-a", aliases: ["egress-proxy"] }, { id: "id of claude-agent-a-edge" }],
    });
  });
});

test("a session with egress has the resolvers, capabilities, reservations and the uid that it is given", async () => {
  const given = {
    network: { egress: "open", dns: ["192.0.2.53"] },
    security: { capabilities: ["NET_BIND_SERVICE"] },
    reservations: { memory: MiB, cpu: 0.5 },
    limits: { processes: 10 },
    uid: 10_001,
  } as const;
  const { one } = await record(() => {
    const opts = { provider: provider() };
    const network = new IsolatedNetwork("a", { ...at, egress: "open" }, opts).part;
    new SessionContainer("a", { ...at, image, parts: [network], ...given }, opts);
  });
  const { labels, taskSpec } = one("Service").inputs as unknown as {
    readonly labels: readonly { readonly label: string; readonly value: string }[];
    readonly taskSpec: { readonly containerSpec: object; readonly resources: object; readonly networksAdvanceds: readonly object[] };
  };
  expect(taskSpec.containerSpec).toMatchObject({
    user: "10001:1000",
    capDrops: ["ALL"],
    capAdds: ["CAP_NET_BIND_SERVICE"],
    dnsConfig: { nameservers: ["192.0.2.53"], options: [] },
  });
  expect(taskSpec.resources).toMatchObject({ reservation: { memoryBytes: MiB, nanoCpus: 500_000_000 } });
  expect(taskSpec.networksAdvanceds).toMatchObject([{ aliases: ["a"] }]);
  const limits = Object.fromEntries(labels.map(({ label, value }) => [label, value]));
  expect(limits).toMatchObject({ pids_limit: "10", nofile_limit: "4096", sigpending_limit: String(10 * pendingSignals) });
});

describe("a key", () => {
  test("is a Swarm secret that its session has as a file, and another key is another secret", async () => {
    const [one, other] = [await make(), await make({ key: "other" })];
    const { name } = one.one("Secret").inputs;
    expect(name).toMatch(/^claude-agent-a-auth-[0-9a-f]{10}$/);
    expect(other.one("Secret").inputs.name).not.toBe(name);
    expect(container(services(one)["claude-agent-a"])).toMatchObject({
      secrets: [{ secretName: name, fileName: "/auth/token", fileUid: "1000", fileGid: "1000", fileMode: 0o400 }],
    });
    const shown = JSON.stringify(one.all.map(({ inputs }) => concealSecrets(inputs)));
    expect(shown).not.toMatch(new RegExp(`hush|${Buffer.from("hush").toString("base64").replace(/=+$/, "")}`));
  });

  test("for a proxy is a secret of the proxy's service alone, and the session shares a socket with it", async () => {
    const recorded = await make({ kind: "proxy" });
    const { "claude-agent-a": session, "claude-agent-a-credential-proxy": proxy } = services(recorded);
    expect(container(session)).not.toHaveProperty("secrets");
    expect(container(proxy)).toMatchObject({ secrets: [{ fileName: "/secret/token" }] });
    const shared = (service: AskedService | undefined) =>
      (container(service).mounts as { target: string; source?: string; readOnly: boolean }[]).find(
        ({ target }) => target === "/run/credential-proxy",
      );
    expect([shared(session)?.readOnly, shared(proxy)?.readOnly]).toEqual([true, false]);
    expect(shared(session)?.source).toBe(shared(proxy)?.source);
    const apart = recorded.of("Network").map(({ inputs }) => inputs.name);
    expect(apart).toEqual(["claude-agent-a", "claude-agent-a-credential-proxy"]);
  });
});

test("files of a configuration are Swarm's own, named by what is in them", async () => {
  const files = { "rules/one.yml": "one", "two.yml": "two" };
  const mount: Mount = { target: "/etc/settings", readOnly: true, source: { kind: "files", name: "settings", files } };
  const receiver = { service: "claude-agent-a", labels: {}, user: [1000, 1000] as const };
  let delivered: ReturnType<typeof deliver> | undefined;
  const recorded = await record(() => {
    delivered = deliver("a", [mount], receiver, provider());
  });
  expect(recorded.of("ServiceConfig").map(({ inputs: { name, data } }) => [name, data])).toEqual([
    [expect.stringMatching(/^claude-agent-a-settings-[0-9a-f]{10}$/), Buffer.from("one").toString("base64")],
    [expect.stringMatching(/^claude-agent-a-settings-[0-9a-f]{10}$/), Buffer.from("two").toString("base64")],
  ]);
  expect(delivered?.configs.map(({ fileName, fileMode }) => [fileName, fileMode])).toEqual([
    ["/etc/settings/rules/one.yml", 0o444],
    ["/etc/settings/two.yml", 0o444],
  ]);
});

describe("mounts", () => {
  const memory = (more: object) => ({ kind: "memory", size: MiB, exec: false, mode: "0700", owned: false, ...more }) as const;
  const mounts = (source: Mount["source"]) => toSwarmMounts([{ target: "/x", readOnly: false, source }], "claude-agent-a", [1001, 1000]);

  test("in memory are Swarm's own where they belong to root, else a volume in memory with its owner", () => {
    expect(mounts(memory({}))).toEqual([{ type: "tmpfs", target: "/x", readOnly: false, tmpfsOptions: { sizeBytes: MiB, mode: 0o700 } }]);
    const [owned] = mounts(memory({ owned: true }));
    expect(owned?.volumeOptions?.valueOf()).toMatchObject({
      driverOptions: { type: "tmpfs", o: `size=${MiB},mode=0700,uid=1001,gid=1000,nosuid,nodev,noexec` },
    });
    const [exec] = mounts(memory({ exec: true }));
    expect(exec?.volumeOptions?.valueOf()).toMatchObject({ driverOptions: { o: `size=${MiB},mode=0700,nosuid,nodev` } });
  });

  test("of a machine's folder are refused", () => {
    expect(() => mounts({ kind: "host", path: "/srv" })).toThrow("claude-agent-a: /x is a folder of a machine");
  });
});

test("a service is refused a provider that names no node", async () => {
  const { EngineProvider } = await import("../../components/container-engine/provider.ts");
  await record(() => {
    const engine = new EngineProvider("engine", { address: "unix:///x.sock", source: "a test" } as never);
    expect(() => new IsolatedNetwork("a", at, { provider: engine })).toThrow("a service needs a SwarmProvider");
  });
});

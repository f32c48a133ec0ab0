import { hostname, release } from "node:os";
import type Docker from "dockerode";
import { expect, test } from "vitest";
import { serviceText } from "../../stacks/cli/list.ts";
import { waitServices } from "../../stacks/runtime/health.ts";
import { servicesAmong } from "../../stacks/runtime/docker/services.ts";
import type { StackService } from "../../stacks/runtime/runtime.ts";

const container = (name: string, kind: string, port?: number) =>
  ({
    Id: name,
    Names: [`/${name}`],
    Labels: { kind },
    NetworkSettings: { Networks: { monitoring: { IPAddress: "172.30.0.2" }, none: { IPAddress: "" } } },
    Ports: [{ PrivatePort: 1 }, ...(port === undefined ? [] : [{ IP: "127.0.0.1", PublicPort: port, PrivatePort: port }])],
  }) as unknown as Docker.ContainerInfo;

const states: Readonly<Record<string, object>> = {
  "agent-sessions-server-supervisor": { Running: true, Health: { Status: "healthy" } },
  "agent-sessions-server-prometheus": { Running: true, Restarting: true, Health: { Status: "starting" } },
  "agent-sessions-server-engine-reader": { Running: true, Health: { Status: "starting" } },
  "agent-sessions-server-grafana": { Running: true },
};
/** An engine, on this machine or on another one of that name. */
const engineOf = (inspected: (id: string) => object, name = hostname()) =>
  ({
    info: async () => ({ Name: name, KernelVersion: release() }),
    getContainer: (id: string) => ({ inspect: async () => ({ State: inspected(id), Config: {} }) }),
  }) as unknown as Docker;
const docker = engineOf((id) => states[id] ?? {});

test("what serves all sessions is found by its name, and not what only brings it files or serves one session", async () => {
  const found = await servicesAmong(docker, "server", [
    container("agent-sessions-server-supervisor", "supervisor", 9464),
    container("agent-sessions-server-prometheus", "prometheus", 9090),
    container("agent-sessions-server-prometheus-settings", "prometheus"),
    container("agent-sessions-server-engine-reader", "engine-reader"),
    container("agent-sessions-other-supervisor", "supervisor", 9465),
    container("agent-sessions-server-grafana", "grafana"),
    container("claude-agent-a-proxy", "egress-proxy"),
  ]);
  expect(found.map(serviceText)).toEqual([
    "engine-reader: starting",
    "grafana: healthy",
    "prometheus: stopped, http://127.0.0.1:9090/",
    "supervisor: healthy, http://127.0.0.1:9464/",
  ]);
  // Whatever it publishes, or nothing.
  expect(found[1]).toMatchObject({ at: [{ port: 1 }, { port: 3000 }], published: [] });
  expect(found.at(-1)?.published).toEqual([9464]);
  expect(found.at(-1)?.at).toEqual([
    { address: "172.30.0.2", port: 1 },
    { address: "172.30.0.2", port: 9464 },
  ]);
});

test("an address of its own is told for a service that has one", async () => {
  const gateway = container("agent-sessions-server-gateway", "gateway", 443);
  const [found] = await servicesAmong(
    engineOf(() => ({ Running: true })),
    "server",
    [{ ...gateway, Labels: { kind: "gateway", url: "https://a.test/" } }],
  );
  expect(found && serviceText(found)).toBe("gateway: healthy, https://a.test/");
});

test("an address of another machine's own loopback is told with its name, and one that leads there is not", async () => {
  const far = engineOf((id) => states[id] ?? {}, "far");
  const grafana = { ...container("agent-sessions-server-grafana", "grafana"), Labels: { kind: "grafana", url: "https://a.test/" } };
  const found = await servicesAmong(far, "server", [container("agent-sessions-server-supervisor", "supervisor", 9464), grafana]);
  expect(found.map(serviceText)).toEqual(["grafana: healthy, https://a.test/", "supervisor: healthy, http://127.0.0.1:9464/ of far"]);
});

const supervisor = (state: StackService["state"]): StackService => ({ name: "supervisor", state, at: [] });

test("what serves all sessions is waited for, and told as it is when the time is over", async () => {
  const told: StackService[][] = [[supervisor("starting")], [supervisor("healthy")]];
  const services = async () => told.shift() ?? [supervisor("unhealthy")];
  expect(await waitServices({ services }, 60)).toEqual([supervisor("healthy")]);
  expect(await waitServices({ services }, 0)).toEqual([supervisor("unhealthy")]);
});

import { expect, test } from "vitest";
import { labelNames } from "../../components/container-engine/object-labels.ts";
import type { EngineClient } from "../../components/container-engine/connect.ts";
import { parse } from "../../stacks/settings.ts";
import { refuseTakenPorts } from "../../stacks/strategies/taken-ports.ts";

/** Ports of what serves a stack, on an engine whose containers publish some. */

const stack = { project: "agent-sessions", stack: "mine", deployment: "d1" };
const labelsOf = (name: string, deployment: string) => ({ stack: `agent-sessions/${name}`, [labelNames.deployment]: deployment });
const published = (port: number, more: object = {}) => ({
  Names: ["/agent-sessions-theirs-prometheus"],
  Labels: labelsOf("theirs", "d2"),
  Ports: [{ PrivatePort: 1, PublicPort: port, Type: "tcp", IP: "127.0.0.1", ...more }],
});

function refusal(containers: readonly object[], given: object = {}, strategy = "single-node"): Promise<string | undefined> {
  const engine = { listContainers: async () => containers } as unknown as EngineClient;
  const settings = parse({ strategy, sessions: [{ id: "a" }], ...given }, { root: "/nowhere", environment: {} });
  return refuseTakenPorts(engine, settings, stack).then(
    () => undefined,
    (error: Error) => error.message,
  );
}

const taken = (key: string, port: number) =>
  `The settings need a change: single-node.${key}: ${port} is taken by container agent-sessions-theirs-prometheus of this engine; write another port.`;

test.each([
  ["the supervisor's", 9464, "supervisor.port", {}],
  ["Prometheus's", 9090, "monitoring.ports.prometheus", {}],
  ["Grafana's", 3000, "monitoring.ports.grafana", {}],
  ["one at all addresses", 9090, "monitoring.ports.prometheus", { IP: "0.0.0.0" }],
  ["one at all addresses, as Podman says it", 9090, "monitoring.ports.prometheus", { IP: "" }],
])("a port that another container has is refused: %s", async (_, port, key, more) => {
  expect(await refusal([published(port, more)])).toBe(taken(key, port));
});

test.each<[string, object, object, string?]>([
  ["another one", published(9091), {}],
  ["of another protocol", published(9090, { Type: "udp" }), {}],
  ["at another address", published(9090, { IP: "192.0.2.1" }), {}],
  ["the stack's own", { ...published(9090), Labels: labelsOf("mine", "d1") }, {}],
  ["of a service that is switched off", published(9090), { "single-node": { monitoring: false } }],
  ["with a strategy that has none of them", published(9464), {}, "local"],
])("a port is free that is %s", async (_, container, given, strategy) => {
  expect(await refusal([container], given, strategy)).toBeUndefined();
});

test("nothing is compared where the engine is not to be asked, or does not answer", async () => {
  const engine = { listContainers: () => Promise.reject(new Error("asked")) } as unknown as EngineClient;
  const settings = parse({ strategy: "single-node", sessions: [] }, { root: "/nowhere", environment: {} });
  await refuseTakenPorts({ listContainers: async () => [published(9090)] } as unknown as EngineClient, settings, {
    project: "p",
    stack: "s",
  });
  await refuseTakenPorts(engine, settings, stack);
});

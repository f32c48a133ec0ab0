import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { connectEngine } from "../../components/container-engine/connect.ts";
import { parse } from "../../stacks/settings.ts";
import { refuseOpenPorts } from "../../stacks/strategies/open-ports.ts";

/** An engine that says what it is, and what is asked of it. */
async function refusalOf(network: object, version: object, info: object = {}): Promise<string | undefined> {
  const engine = createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(request.url?.endsWith("/version") ? version : info));
  }).listen(0, "127.0.0.1");
  await once(engine, "listening");
  try {
    const address = `tcp://127.0.0.1:${(engine.address() as AddressInfo).port}`;
    return await refuseOpenPorts(
      parse({ sessions: [{ id: "a" }, { id: "b", network }] }),
      connectEngine({ address, source: "settings" }),
    ).then(
      () => undefined,
      (error: Error) => error.message,
    );
  } finally {
    engine.close();
  }
}

const port = { container: 80, host: 8080 };
const open = { egress: "open", ports: [port] };
const refused = (engine: string) =>
  `The settings need a change: sessions[1].network.ports: port 127.0.0.1:8080 to 80/tcp is open to whoever on this machine's network sends packets to the session's own address: this is ${engine}, and Docker Engine 28 is the first to refuse them. Update the engine, give the session an allow list, whose proxy refuses them, or write neighbours: true at the port.`;

test.each([
  [{ Version: "20.10.24+dfsg1", Components: [{ Name: "Engine" }] }, "Docker Engine 20.10.24+dfsg1"],
  [{ Version: "27.5.1" }, "Docker Engine 27.5.1"],
  [{ Version: "5.4.2", Components: [{ Name: "Podman Engine" }] }, "Podman 5.4.2"],
  [{ Version: "28.0.0", Components: [{ Name: "Podman Engine" }] }, "Podman 28.0.0"],
  [{ Version: "dev" }, "Docker Engine dev"],
])("ports for this machine alone are refused with open egress on %j", async (version, engine) => {
  expect(await refusalOf(open, version)).toBe(refused(engine));
  expect(await refusalOf({ mode: "custom:lan", ports: [port] }, version)).toBe(refused(engine));
});

test.each([
  ["on an engine that refuses others", open, { Version: "28.0.0" }, {}],
  ["on a later one", open, { Version: "100.1" }, {}],
  ["on a rootless engine", open, { Version: "27.0.0" }, { SecurityOptions: ["name=seccomp,profile=default", "name=rootless"] }],
  ["on a rootless Podman", open, { Version: "4.3.1", Components: [{ Name: "Podman Engine" }] }, { Rootless: true }],
  ["when others are asked in", { ...open, ports: [{ ...port, neighbours: true }] }, { Version: "20.10.24" }, {}],
  ["on another address", { ...open, ports: [{ ...port, address: "0.0.0.0" }] }, { Version: "20.10.24" }, {}],
  ["of a session with a list", { egress: { allow: ["example.com"] }, ports: [port] }, { Version: "20.10.24" }, {}],
])("ports are taken %s", async (_, network, version, info) => {
  expect(await refusalOf(network, version, info)).toBeUndefined();
});

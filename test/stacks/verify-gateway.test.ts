import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { StackService } from "../../stacks/runtime/runtime.ts";
import type { Visit } from "../../stacks/verify/knock.ts";
import { judgeVisits, tryGateway, verifyGateway, visitsOf } from "../../stacks/verify/gateway.ts";
import { certificateIn } from "../support/certificate.ts";
import { temporaryFolder } from "../support/folder.ts";

/** What verify tries of a gateway, each promise broken on purpose. */

const folder = temporaryFolder("verify-gateway");
const certificateOf = (name: string, days = 2) => certificateIn(folder, `${name}${days}`, `DNS:${name}`, days);
const good = certificateOf("a.test");

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** As the gateway answers. */
const guarded: RequestListener = ({ url }, response) => {
  if (url === "/health") return void response.end('{"status":"healthy","timestamp":"2026-01-01T00:00:00+00:00"}');
  response.writeHead(401).end();
};
const redirecting: RequestListener = ({ url, headers }, response) => {
  response.writeHead(301, { location: `https://${headers.host === "a.test" ? headers.host : "a.test"}${url}` }).end();
};

async function tried({
  tls = good,
  secure = guarded,
  plain = redirecting,
}: {
  tls?: ServerOptions;
  secure?: RequestListener;
  plain?: RequestListener;
}) {
  const listening = [createServer(plain), createSecureServer(tls, secure)].map((server) => server.listen(0, "127.0.0.1"));
  servers.push(...listening);
  await Promise.all(listening.map((server) => once(server, "listening")));
  const [http, https] = listening.map((server) => (server.address() as AddressInfo).port) as [number, number];
  const results = await tryGateway({ names: ["a.test"] }, { address: "127.0.0.1", http, https });
  return results.filter(({ verdict }) => verdict !== "held").map(({ id, found }) => `${id}: ${found}`);
}

describe("a gateway", () => {
  test("that keeps its promises holds them", async () => {
    expect(await tried({})).toEqual([]);
  });

  test.each<[string, Parameters<typeof tried>[0], string]>([
    [
      "lets a path in",
      {
        secure: (request, response) =>
          request.url === "/alertmanager/api/v2/status" ? void response.end("{}") : guarded(request, response),
      },
      "gateway-closed: /alertmanager/api/v2/status is answered 200",
    ],
    [
      "takes any token",
      {
        secure: (request, response) =>
          request.headers.authorization?.startsWith("Bearer") ? void response.end() : guarded(request, response),
      },
      "gateway-closed: / with a wrong one is answered 200",
    ],
    [
      "tells more than that it is well",
      {
        secure: (request, response) =>
          request.url === "/health" ? void response.end('{"status":"healthy","sessions":3}') : guarded(request, response),
      },
      "gateway-closed: /health is answered 200, 33 bytes",
    ],
    [
      "shows what there is without a token",
      { secure: (request, response) => (request.url === "/grafana/" ? void response.writeHead(404).end() : guarded(request, response)) },
      "gateway-closed: /grafana/ is answered 404",
    ],
    ["has another's certificate", { tls: certificateOf("b.test") }, "gateway-certificate: the one for a.test is of another name"],
    ["takes an old TLS", { tls: { ...good, minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" } }, "gateway-certificate: TLS 1.1 is taken"],
    [
      "answers without TLS",
      { plain: (_, response) => void response.end("in plain") },
      "gateway-redirect: a.test is answered 200, to nowhere; verify.invalid is answered 200, to nowhere",
    ],
    [
      "sends others to where they say",
      { plain: ({ url, headers }, response) => void response.writeHead(301, { location: `https://${headers.host}${url}` }).end() },
      "gateway-redirect: verify.invalid is answered 301, to https://verify.invalid/verify?a=b",
    ],
  ])("that %s is named", async (_, broken, found) => {
    expect(await tried(broken)).toEqual([found]);
  });

  test("whose certificate has ended is named", async () => {
    expect(await tried({ tls: certificateOf("a.test", -1) })).toEqual([
      expect.stringMatching(/^gateway-certificate: the one for a\.test ended on \d{4}-/),
    ]);
  });

  test("that is not there is named", async () => {
    const results = await tryGateway({ names: ["a.test"] }, { address: "127.0.0.1", http: 1, https: 1 });
    expect(results.map(({ verdict }) => verdict)).toEqual(["not held", "not held", "not held"]);
  });
});

describe("a neighbour", () => {
  const service = (name: string, address: string, port: number, published: number[] = []): StackService => ({
    name,
    state: "healthy",
    at: [{ address, port }],
    published,
  });
  const services = [
    service("gateway", "172.20.0.5", 8443, [80, 443]),
    service("prometheus", "172.20.0.2", 9090),
    service("grafana", "172.20.0.3", 3000, [3000]),
  ];
  const shown = (targets: readonly { address: string; port: number }[]) => targets.map(({ address, port }) => `${address}:${port}`);

  test("visits the gateway, and all else that serves the stack, there and at this machine", () => {
    const { entrance, elsewhere } = visitsOf({ address: "0.0.0.0" }, services, ["192.0.2.1"]);
    expect(shown(entrance)).toEqual(["192.0.2.1:80", "192.0.2.1:443"]);
    expect(shown(elsewhere)).toEqual(["172.20.0.2:9090", "172.20.0.3:3000", "192.0.2.1:3000"]);
    const one = visitsOf({ address: "192.0.2.1" }, services, ["192.0.2.1", "198.51.100.1"]);
    expect(shown(one.entrance)).toEqual(["192.0.2.1:80", "192.0.2.1:443"]);
    expect(shown(one.elsewhere).slice(-2)).toEqual(["198.51.100.1:80", "198.51.100.1:443"]);
  });

  test.each<[Visit[], boolean, string]>([
    [["kept", "kept", "no answer", "ended", "refused"], true, "192.0.2.1:80, 192.0.2.1:443, and none of 3 others"],
    [["kept", "kept", "kept", "refused", "refused"], false, "172.20.0.2:9090 answers"],
    [["kept", "answered", "no answer", "no answer", "answered"], false, "192.0.2.1:3000 answers"],
    [["kept", "refused", "no answer", "no answer", "no answer"], false, "192.0.2.1:443 does not answer (refused)"],
  ])("who finds %j", (visits, held, found) => {
    expect(judgeVisits(visitsOf({ address: "0.0.0.0" }, services, ["192.0.2.1"]), visits)).toEqual({ held, found });
  });
});

test("of an engine on another machine nothing is tried, and without a gateway there is nothing to try", async () => {
  const runtime = { isHere: async () => false, services: async () => [] };
  const gateway = { address: "0.0.0.0", names: ["a.test"] as const, tokens: [], users: {} };
  const verified = await verifyGateway(runtime, { gateway } as never);
  expect(new Set(verified?.results.map(({ verdict }) => verdict))).toEqual(new Set(["not tried"]));
  expect(await verifyGateway(runtime, {} as never)).toBeUndefined();
});

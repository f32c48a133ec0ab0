// Serves /metrics, /health and the page. Whoever reaches the port may read, and nothing more.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { BlockList, isIP, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { contentPolicy } from "./page.ts";

export interface Served {
  metrics(): Promise<{ readonly body: string; readonly type: string }>;
  page(refresh: boolean): Promise<string>;
  /** Why the supervisor is not well; undefined when it is. */
  fault(): string | undefined;
}

/** By which names the port is reached: from this machine, and on the monitoring network. A page elsewhere whose name leads here has another. */
const ownNames = new Set(["localhost", "127.0.0.1", "[::1]", "supervisor"]);

const always = {
  "cache-control": "no-store",
  "content-security-policy": contentPolicy,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/**
 * Whether who asks is of this machine or on the monitoring network. A published port does not see to that: before version 28, the
 * engine carries what neighbours of the machine send to the container's own address.
 */
export function isNear(address: string | undefined, interfaces = networkInterfaces()): boolean {
  const near = new BlockList();
  for (const { cidr } of Object.values(interfaces).flatMap((addresses) => addresses ?? [])) {
    const [network, prefix] = cidr?.split("/") ?? [];
    if (network !== undefined) near.addSubnet(network, Number(prefix), isIPv6(network) ? "ipv6" : "ipv4");
  }
  // What comes over IPv4 is told in IPv6 where the server listens on both.
  const plain = (address ?? "").replace(/^::ffff:/i, "");
  return isIP(plain) !== 0 && near.check(plain, isIPv6(plain) ? "ipv6" : "ipv4");
}

export function serve(served: Served): Server {
  const server = createServer({ headersTimeout: 5000, requestTimeout: 5000 }, (request, response) => {
    answer(served, request)
      .catch((error: Error) => {
        console.error(`cannot answer: ${error.message}`);
        return { status: 500, type: "text/plain", body: "The supervisor cannot answer.\n" };
      })
      .then(({ status, type, body }) => send(response, status, type, body));
  });
  server.maxConnections = 128;
  server.on("connection", (socket) => {
    if (!isNear(socket.remoteAddress)) socket.destroy();
  });
  return server;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const said = (status: number, body: string): Answer => ({ status, type: "text/plain; charset=utf-8", body: `${body}\n` });

async function answer(served: Served, { method, url, headers }: IncomingMessage): Promise<Answer> {
  if (!ownNames.has((headers.host ?? "").replace(/:\d{1,5}$/, "").toLowerCase()))
    return said(421, "This is not the host that was asked for; ask 127.0.0.1 or localhost.");
  if (method !== "GET") return said(405, "Only GET is answered: nothing can be changed here.");
  switch (url) {
    case "/":
    case "/?still":
      return { status: 200, type: "text/html; charset=utf-8", body: await served.page(url === "/") };
    case "/metrics": {
      const { body, type } = await served.metrics();
      return { status: 200, type, body };
    }
    case "/health": {
      const fault = served.fault();
      return fault === undefined ? said(200, "healthy") : said(503, fault);
    }
    default:
      return said(404, "There is /, /metrics and /health.");
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { ...always, "content-type": type, "content-length": Buffer.byteLength(body) }).end(body);
}

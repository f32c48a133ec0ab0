import { randomUUID } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { podSecurityVersion } from "../../components/namespace/args.ts";
import type { Reachable, SessionRuntime } from "../runtime/runtime.ts";
import { kubernetesOf } from "../settings/strategy.ts";
import type { Settings } from "../settings.ts";
import type { Neighbour, Surroundings } from "./check.ts";
import { hostListener, hostServer } from "./listener.ts";
import { visitPorts } from "./outsider.ts";
import { serverCommand } from "./probe.ts";
import { knownSecrets } from "./known-secrets.ts";
import { startServer } from "./target.ts";
import { waysOf } from "./ways.ts";

/** How long the engine may count what volumes hold. */
const measureSeconds = 30;

/** How long a server in a session lives at most, should nobody end it. */
const serverSeconds = 600;

/**
 * The surroundings of sessions, with servers in those that have an address and on this machine, until `close`.
 *
 * @param settings those of the stack
 */
export async function surroundingsOf(runtime: SessionRuntime, settings: Settings): Promise<{ surroundings: Surroundings; close(): void }> {
  const greeting = `verify ${randomUUID()}`;
  const reachable = [...(await runtime.reachable())];
  const opened = await Promise.all(reachable.map(([id, found]) => neighbour(runtime, id, found, greeting, settings)));
  const neighbours = opened.filter((entry) => entry !== undefined);
  const onThisMachine = await runtime.isHere();
  const host = onThisMachine
    ? { ...(await listen("::", greeting).catch(() => listen("0.0.0.0", greeting))), addresses: ownAddresses() }
    : await hostServer(runtime, greeting, serverSeconds);
  const listener = await hostListener(runtime, serverSeconds);
  const [services, volumes, uids, held, secrets, ports, ways, cluster] = await Promise.all([
    runtime.services(),
    runtime.volumes(),
    runtime.uids(),
    runtime.held(measureSeconds),
    knownSecrets(settings),
    visitPorts(runtime, settings, onThisMachine),
    waysOf(runtime, settings),
    runtime.cluster?.(),
  ]);
  return {
    surroundings: {
      greeting,
      neighbours,
      services,
      volumes,
      uids,
      held,
      secrets,
      listener,
      ports,
      ways,
      ...(cluster !== undefined && { cluster: { ...cluster, promisedVersion: podSecurityOf(settings.strategy) } }),
      host: "notTried" in host ? host : { ...host, addresses: [...new Set([...host.addresses, ...(await runtime.gateways())])].sort() },
    },
    close() {
      for (const { close } of neighbours) close();
      if ("close" in host) host.close();
      if ("close" in listener) listener.close();
    },
  };
}

/** A session as others would look for it, with a server in it; nothing when it has no address or no server can be started. */
async function neighbour(
  runtime: SessionRuntime,
  id: string,
  { names, addresses }: Reachable,
  greeting: string,
  settings: Settings,
): Promise<(Neighbour & { close(): void }) | undefined> {
  if (addresses.length === 0) return undefined;
  const { ports = [], group } = settings.sessions.find((session) => session.id === id)?.network ?? {};
  const server = await startServer(runtime.session(id), serverCommand(greeting, serverSeconds, ports));
  return server && { id, names, addresses, ...(group !== undefined && { group }), ...server };
}

/** A server, over TCP and UDP on a port that is free, that greets whoever comes. */
async function listen(address: "::" | "0.0.0.0", greeting: string): Promise<{ port: number; close(): void }> {
  const server = createServer((socket) => socket.on("error", () => {}).end(greeting)).listen(0, address);
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const datagrams = createSocket(address === "::" ? "udp6" : "udp4");
  datagrams.on("message", (_, from) => datagrams.send(greeting, from.port, from.address));
  datagrams.bind(port, address);
  await once(datagrams, "listening");
  return {
    port,
    close() {
      datagrams.close();
      server.close();
    },
  };
}

/** This machine's addresses. */
const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((entries) =>
    (entries ?? []).flatMap(({ address, internal, scopeid }) => (internal || scopeid ? [] : [address])),
  );

/** The version of Pod Security at which the sessions' namespace is to be held. */
const podSecurityOf = (strategy: Settings["strategy"]): string => kubernetesOf(strategy)?.podSecurity ?? podSecurityVersion;

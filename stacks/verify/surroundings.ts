import { randomUUID } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import type Docker from "dockerode";
import { heldBySession, measureVolumes } from "../../components/container-engine/disk-usage.ts";
import { isHere } from "../../components/container-engine/here.ts";
import { baseline } from "../../policy/baseline.ts";
import type { Settings } from "../settings.ts";
import type { MountedVolume, Neighbour, Surroundings } from "./check.ts";
import { startServer } from "./docker.ts";
import { hostListener } from "../runtime/docker/host-listener.ts";
import { visitPorts } from "./outsider.ts";
import { serverCommand } from "./probe.ts";
import { knownSecrets } from "./secrets.ts";

/** How long the engine may count what volumes hold. */
const measureSeconds = 30;

/** How long a server in a session lives at most, should nobody end it. */
const serverSeconds = 600;

/**
 * The surroundings of sessions, with servers in those that have an address and on this machine, until `close`.
 *
 * @param sessions containers of running sessions
 * @param settings those of the stack
 */
export async function surroundingsOf(
  docker: Docker,
  sessions: readonly Docker.ContainerInfo[],
  settings: Settings,
): Promise<{ around: Surroundings; close(): void }> {
  const greeting = `verify ${randomUUID()}`;
  const opened = await Promise.all(sessions.map((session) => neighbour(docker, session, greeting, settings)));
  const neighbours = opened.filter((entry) => entry !== undefined);
  const onThisMachine = await isHere(docker);
  const host = onThisMachine
    ? await listen("::", greeting).catch(() => listen("0.0.0.0", greeting))
    : { notTried: "the engine is on another machine, where nothing can be opened to be reached" };
  const listener = await hostListener(docker, sessions[0]?.ImageID, serverSeconds);
  const [volumes, uids, held, secrets, ports] = await Promise.all([
    volumesOf(docker, sessions),
    uidsOf(docker),
    heldIn(docker, measureSeconds),
    knownSecrets(settings),
    visitPorts(docker, settings, onThisMachine),
  ]);
  return {
    around: {
      greeting,
      neighbours,
      volumes,
      uids,
      held,
      secrets,
      listener,
      ports,
      host: "notTried" in host ? host : { port: host.port, addresses: await ownAddresses(docker) },
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
  docker: Docker,
  { Id, Names, Labels, NetworkSettings }: Docker.ContainerInfo,
  greeting: string,
  settings: Settings,
): Promise<(Neighbour & { close(): void }) | undefined> {
  const addresses = Object.values(NetworkSettings.Networks).flatMap(({ IPAddress }) => (IPAddress ? [IPAddress] : []));
  if (addresses.length === 0) return undefined;
  const id = Labels.session_id ?? "";
  const published = settings.sessions.find((session) => session.id === id)?.network.ports ?? [];
  const server = await startServer(docker.getContainer(Id), serverCommand(greeting, serverSeconds, published));
  return server && { id, names: [id, ...Names.map((name) => name.replace(/^\//, ""))], addresses, ...server };
}

/** What volumes containers have, by the session in their labels. */
export async function volumesOf(
  docker: Docker,
  sessions: readonly Docker.ContainerInfo[],
): Promise<ReadonlyMap<string, readonly MountedVolume[]>> {
  const entries = sessions.map(async ({ Labels, Mounts }) => {
    const volumes = Mounts.flatMap(({ Type, Name, Destination }) =>
      Type === "volume" && Name ? [{ name: Name, target: Destination }] : [],
    );
    const mounted = volumes.map(async ({ name, target }): Promise<MountedVolume> => {
      const { Labels } = await docker.getVolume(name).inspect();
      return { name, target, owner: Labels?.session_id, kind: Labels?.kind };
    });
    return [Labels.session_id ?? "", await Promise.all(mounted)] as const;
  });
  return new Map(await Promise.all(entries));
}

/** Who the sessions of an engine are, those that do not run among them. One that was removed meanwhile is left out. */
export async function uidsOf(docker: Docker): Promise<ReadonlyMap<string, number>> {
  const containers = await docker.listContainers({ all: true, filters: { label: [`created_by=${baseline.createdBy}`, "session_id"] } });
  const users = containers
    .filter(({ Labels }) => Labels.kind === undefined)
    .map(async ({ Id, Labels }) => {
      const { Config } = await docker.getContainer(Id).inspect();
      return [Labels.session_id ?? "", Number.parseInt(Config.User, 10)] as const;
    });
  return new Map((await Promise.allSettled(users)).flatMap((result) => (result.status === "fulfilled" ? [result.value] : [])));
}

/** What the volumes of the engine's sessions hold. */
export async function heldIn(docker: Docker, seconds: number): Promise<Surroundings["held"]> {
  const volumes = await measureVolumes(docker, seconds);
  return "notTried" in volumes ? volumes : heldBySession(volumes);
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

/** This machine's addresses, and those by which containers would know it. */
async function ownAddresses(docker: Docker): Promise<string[]> {
  const own = Object.values(networkInterfaces()).flatMap((entries) =>
    (entries ?? []).flatMap(({ address, internal, scopeid }) => (internal || scopeid ? [] : [address])),
  );
  const gateways = (await docker.listNetworks()).flatMap(({ IPAM }) =>
    (IPAM?.Config ?? []).flatMap(({ Gateway }) => (Gateway ? [Gateway] : [])),
  );
  return [...new Set([...own, ...gateways])].sort();
}

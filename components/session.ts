import { createHash } from "node:crypto";
import { BlockList, isIPv6 } from "node:net";

/** What all parts of a session agree on: what they are called, how they are marked, and which ports lead to it. */

/** A name on the platform, which one object of its kind can have. */
export interface Name {
  /** An alias is what a member of a network is called there; its name holds that network's. */
  readonly kind: "container" | "network" | "volume" | "alias";
  readonly name: string;
}

/** One name for objects of several kinds. */
export const named = (name: string, ...kinds: readonly Name["kind"][]): Name[] => kinds.map((kind) => ({ kind, name }));

/** What a member of a network is called there. */
const alias = (network: string, name: string): Name => ({ kind: "alias", name: `${name} on ${network}` });

/** The name of a session's container and the stem of everything that belongs to it. */
export const containerName = (sessionId: string): string => `claude-agent-${sessionId}`;

/** The stack that something belongs to. */
export interface Owner {
  readonly project: string;
  readonly stack: string;
}

/** The name of what serves all sessions of a stack, such as its `supervisor`. */
export const serviceName = ({ stack }: Pick<Owner, "stack">, service: string): string => `agent-sessions-${stack}-${service}`;

/** The session, and its stack, that something belongs to. */
export interface SessionOwner extends Owner {
  /** A DNS label of at most 40 characters. */
  readonly sessionId: string;
}

/** The name of what a session keeps: its `workspace`, its `session` data or its `logs`. @param container the session's */
export const volumeName = (container: string, kind: string): string => `${container}-${kind}`;

/** The names that a network of the session's own takes. */
export function networkNames(sessionId: string): Name[] {
  const name = containerName(sessionId);
  return [...named(name, "network"), alias(name, sessionId), alias(name, name)];
}

/** The name of the network that the sessions of a group share. */
export const groupNetworkName = (owner: Pick<Owner, "stack">, group: string): string => serviceName(owner, `group-${group}`);

/** The names that a session takes on the network of its group. */
export function groupNames(sessionId: string, group: string): Name[] {
  const network = `the network of group ${group}`;
  return [alias(network, sessionId), alias(network, containerName(sessionId))];
}

/** The egress proxy's name on the session's network, by which a new one takes an old one's place. */
export const proxyAlias = "egress-proxy";

/** Where the egress proxy listens, for whatever the session asks for. */
export const proxyPort = 3128;

/** The name of a session's egress proxy. */
export const proxyName = (sessionId: string): string => `${containerName(sessionId)}-proxy`;

/** The name of the network by which a session's egress proxy gets out. */
export const edgeName = (sessionId: string): string => `${containerName(sessionId)}-edge`;

/** The names that a session's egress proxy takes. */
export function proxyNames(sessionId: string): Name[] {
  const network = containerName(sessionId);
  return [
    ...named(proxyName(sessionId), "container"),
    ...named(edgeName(sessionId), "network"),
    alias(network, proxyAlias),
    alias(network, proxyName(sessionId)),
  ];
}

/**
 * The files below `/auth` by which the image's entrypoint knows what to tell the agent: the agent's own store of an OAuth
 * token, an API key, and AWS credentials.
 */
export const authFiles = [".credentials.json", "token", "aws-credentials"] as const;
export type AuthFile = (typeof authFiles)[number];

/** The stem of what brings a session its credentials. */
export const authStem = (sessionId: string): string => `${containerName(sessionId)}-auth`;

/** The name of a credential proxy, of its network and of the volume with its socket. */
export const credentialProxyName = (sessionId: string): string => `${containerName(sessionId)}-credential-proxy`;

/** The name of a volume with a secret, and of what brings it there, for what has the stem as its own name. */
export const secretStem = (stem: string): string => `${stem}-secret`;

/** The name of the volume for what an init step fetches. @param stem the step's own name */
export const fetchedName = (stem: string): string => `${stem}-fetched`;

/**
 * The name of the volume for a file. One for each form of secret: a secret of another form leaves nothing of the one before it.
 *
 * @param stem that of what brings the session its credentials
 */
export function authVolumeName(stem: string, file: AuthFile): string {
  return `${stem}-${file.replace(/^\./, "").replace(/\.json$/, "")}`;
}

/** The names that a session's credentials take, whatever the form of the secret, and with a login at a parent proxy. */
export function credentialNames(sessionId: string, kind: string, signsInAtParent = false): Name[] {
  const [auth, proxy] = [authStem(sessionId), credentialProxyName(sessionId)];
  const secret = (stem: string) => named(secretStem(stem), "volume", "container");
  const login = (stem: string) => (signsInAtParent ? parentNames(stem) : []);
  switch (kind) {
    case "file":
      return [...named(auth, "container"), ...authFiles.flatMap((file) => named(authVolumeName(auth, file), "volume"))];
    case "init":
      return [...named(auth, "container", "network"), ...named(fetchedName(auth), "volume"), ...secret(auth), ...login(auth)];
    case "proxy":
      return [...named(proxy, "container", "network", "volume"), ...secret(proxy), ...login(proxy)];
    default:
      return [];
  }
}

/** The name of the volume with the login at a parent proxy, and of what brings it there, for what has the stem as its own name. */
export const parentStem = (stem: string): string => `${stem}-parent`;

/** The names that the login takes for whatever has the stem as its own name. */
export const parentNames = (stem: string): Name[] => named(parentStem(stem), "volume", "container");

/** The name of the volume with what the agent is told by whoever runs it, and of what brings the files there. */
export const managedName = (sessionId: string): string => `${containerName(sessionId)}-managed`;

/**
 * How a clone comes about. Where an earlier form let what the repository tracks become configuration, nothing in the volume can
 * be believed, not even that it is sound: a clone of another form gets another name, so it is made anew and the old one removed.
 */
const cloneForm = 2;

/** A clone's name, made of the URL, so that sessions that name the same one share it. */
export function cloneName({ name, url }: { readonly name: string; readonly url: string }): string {
  return `agent-repository-${name}-${createHash("sha256").update(`${cloneForm} ${url}`).digest("hex").slice(0, 8)}`;
}

/** The names that a clone takes, with a secret or without, and with a login at a parent proxy. */
export function cloneNames(clone: { readonly name: string; readonly url: string }, signsInAtParent = false): Name[] {
  const stem = cloneName(clone);
  return [
    ...named(stem, "volume", "network", "container"),
    ...named(secretStem(stem), "volume", "container"),
    ...(signsInAtParent ? parentNames(stem) : []),
  ];
}

/** What a clone's volume and all that is made for it are called, by the volume's name. */
export const cloneParts = (volume: string): string[] => [volume, secretStem(volume), parentStem(volume)];

/** A port of the session that is published. */
export interface Port {
  readonly container: number;
  readonly host: number;
  /** @default 127.0.0.1 */
  readonly address: string;
  readonly protocol: "tcp" | "udp";
  /**
   * Whoever sends packets to the session's own network is let in too, though the address is a loopback one; see {@link isLocal}.
   *
   * @default false
   */
  readonly neighbours?: boolean;
}

/** What a published port adds to a session's authority. */
export function portAuthority({ address, host, container, protocol, neighbours }: Port): string {
  return `port ${address}:${host} to ${container}/${protocol}${neighbours === true ? ", for neighbours too" : ""}`;
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8);
loopback.addAddress("::1", "ipv6");

/** Whether an address is one that only this machine itself can connect to. */
export function isLoopback(address: string): boolean {
  return loopback.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

/**
 * Whether a port is for this machine alone. Its address does not see to that: the engine forwards to the container's own address,
 * and who is on this machine's network can send packets there.
 */
export function isLocal({ address, neighbours }: Pick<Port, "address" | "neighbours">): boolean {
  return isLoopback(address) && neighbours !== true;
}

import type { AllowList } from "../egress-proxy/args.ts";
import { part, type SessionPart } from "../session-part.ts";
import { type Owner, type Port, portAuthority, proxyPort, type SessionOwner } from "../session.ts";

/**
 * How far a session is cut off, calculated from its network, best last:
 * `none` it shares a network stack with the host or another container; `shared` it is on a network that others are on, or may join;
 * `isolated` a network of its own with a way out; `egress-filtered` the way out is an allow list; `sealed` no way out.
 */
export type IsolationLevel = "none" | "shared" | "isolated" | "egress-filtered" | "sealed";

/** How a session is connected. */
export type NetworkMode =
  | { readonly kind: "none" }
  | { readonly kind: "bridge" }
  | { readonly kind: "host" }
  | { readonly kind: "container"; readonly id: string }
  | { readonly kind: "custom"; readonly name: string };

/** Nowhere, anywhere, or some hosts. */
export type Egress = "none" | "open" | AllowList;

/** How one session reaches others, and they it. */
export interface NetworkOptions {
  /** @default no network at all without egress, else a network of the session's own */
  readonly mode?: NetworkMode;
  /** Where the session may connect to; hosts by name need an EgressProxy on its network. @default none */
  readonly egress?: Egress;
  /** Published ports; they need a network with a way out, and an EgressProxy carries them where there is one. @default [] */
  readonly ports?: readonly Port[];
  /** Resolvers' addresses, the proxy's where there is one; they need a network with a way out. @default the engine's */
  readonly dns?: readonly string[];
  /** A DNS label; sessions of one group reach each other on a further network of theirs, which leads nowhere else. @default none */
  readonly group?: string;
}

export interface IsolatedNetworkArgs extends SessionOwner, NetworkOptions {}

/** The network of a group of sessions. */
export interface GroupNetworkArgs extends Owner {
  /** A DNS label. */
  readonly group: string;
}

/**
 * The mode that holds when none is chosen: with egress a network of the session's own; without, none at all, which is
 * stronger than a sealed network and takes no address from the engine's pools.
 */
export function networkModeOf(args: Pick<NetworkOptions, "mode" | "egress">): NetworkMode {
  return args.mode ?? { kind: (args.egress ?? "none") === "none" ? "none" : "bridge" };
}

/** See {@link IsolationLevel}. */
export function isolationOf(args: Pick<NetworkOptions, "mode" | "egress" | "group">): IsolationLevel {
  const mode = networkModeOf(args);
  switch (mode.kind) {
    case "host":
    case "container":
      return "none";
    case "custom":
      return "shared";
    case "none":
      return args.group === undefined ? "sealed" : "shared";
    case "bridge":
      if (args.group !== undefined) return "shared";
      if (typeof args.egress === "object") return args.egress.mode === "audit" ? "isolated" : "egress-filtered";
      return args.egress === "open" ? "isolated" : "sealed";
  }
}

/** What a session may do by its network beyond a sealed box; a proxy's ports and hosts are the proxy's. */
export function networkPart(args: NetworkOptions): SessionPart {
  const ports = typeof args.egress === "object" ? [] : (args.ports ?? []).map(portAuthority);
  const group = args.group === undefined ? [] : [`the network of group ${args.group}`];
  return part({ authority: [...wayOut(args), ...group, ...ports] });
}

function wayOut(args: NetworkOptions): string[] {
  const mode = networkModeOf(args);
  switch (mode.kind) {
    case "none":
      return [];
    case "host":
      return ["the host's network"];
    case "container":
      return [`the network of container ${mode.id}`];
    case "custom":
      return [`the network ${mode.name}`];
    case "bridge":
      return args.egress === "open" ? ["egress to any host"] : [];
  }
}

/** Two things of a session's network that do not fit together. */
interface Conflict {
  /** The one that is to go. */
  readonly key: "ports" | "dns" | "egress" | "group";
  /** What is said of it, without the key. */
  readonly sentence: string;
}

/**
 * What does not fit together in a session's network, as sentences without the key they belong to.
 */
export function networkConflicts(args: NetworkOptions): Conflict[] {
  const mode = networkModeOf(args);
  const conflicts: Conflict[] = [];
  const filtered = typeof args.egress === "object";
  const open = mode.kind === "bridge" && args.egress === "open";
  if (filtered && mode.kind !== "bridge") {
    return [
      {
        key: "egress",
        sentence: `an allow list holds on a network of the session's own, and the network mode is "${mode.kind}"; remove mode or the list`,
      },
    ];
  }
  if ((args.ports?.length ?? 0) > 0 && !open && !filtered && mode.kind !== "custom") {
    const why =
      mode.kind === "bridge" || mode.kind === "none"
        ? 'egress is "none", and a sealed session publishes nothing'
        : `the network mode is "${mode.kind}"`;
    conflicts.push({
      key: "ports",
      sentence: `${why}; remove the ports, or give it an allow list or egress: open on a network of its own`,
    });
  }
  const published = (args.ports ?? []).map(({ container, protocol }) => `${container}/${protocol}`);
  const twice = published.find((port, index) => published.indexOf(port) < index);
  // The engine tells such ports in an order of its own, for which the Docker provider would replace the container at each update.
  if (twice !== undefined)
    conflicts.push({
      key: "ports",
      sentence: `${twice} is published twice; publish it once, or let the session listen on another port too`,
    });
  if (filtered && published.includes(`${proxyPort}/tcp`)) {
    conflicts.push({
      key: "ports",
      sentence: `port ${proxyPort} is taken by the proxy that carries the ports; let the session listen on another`,
    });
  }
  if ((args.dns?.length ?? 0) > 0 && !open && !filtered && mode.kind !== "custom") {
    conflicts.push({
      key: "dns",
      sentence: "the session has no network of its own with a way out, so no resolver can be reached; remove dns or set egress: open",
    });
  }
  if (args.egress === "open" && mode.kind === "none") {
    conflicts.push({ key: "egress", sentence: 'network mode "none" has no way out; remove mode or set egress: none' });
  }
  if (args.group !== undefined && args.mode !== undefined && args.mode.kind !== "bridge") {
    const why = `the sessions of a group have networks of their own beside the group's, and the network mode is "${mode.kind}"`;
    conflicts.push({ key: "group", sentence: `${why}; remove mode or the group` });
  }
  return conflicts;
}

/** @throws Error with everything in a session's network that does not fit together */
export function refuseConflicts(args: IsolatedNetworkArgs): void {
  const conflicts = networkConflicts(args);
  if (conflicts.length > 0)
    throw new Error(conflicts.map(({ key, sentence }) => `session ${args.sessionId}, network.${key}: ${sentence}`).join("\n"));
}

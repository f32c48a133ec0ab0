import type * as pulumi from "@pulumi/pulumi";
import type { AllowList } from "../egress-proxy/args.ts";
import { type Port, proxyPort } from "../session.ts";

/**
 * How far a session is cut off, calculated from its network, best last:
 * `none` it shares a network stack with the host or another container; `shared` it is on a network that others may join;
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

export interface IsolatedNetworkArgs {
  readonly sessionId: string;
  /** `<project>/<stack>`; becomes a label. */
  readonly stack: string;
  /** @default no network at all without egress, else a network of the session's own */
  readonly mode?: NetworkMode;
  /** Where the session may connect to; hosts by name need an EgressProxy on its network. @default none */
  readonly egress?: Egress;
  /** Published ports; they need a network with a way out, and an EgressProxy carries them where there is one. @default [] */
  readonly ports?: readonly Port[];
  /** Resolvers' addresses, the proxy's where there is one; they need a network with a way out. @default the engine's */
  readonly dns?: readonly string[];
}

/** What a session container needs to know of its network. */
export interface NetworkAttachment {
  /** The engine's network mode, where the session joins no network of its own. */
  readonly networkMode?: string;
  /** The network that the session joins, and the name by which others on it find the session. */
  readonly network?: { readonly name: string; readonly alias: string };
  /** Ports that the session's container itself publishes. */
  readonly ports: readonly Port[];
  readonly dns: readonly string[];
  /** The resolver's options, as in resolv.conf. @default the engine's */
  readonly dnsOptions?: readonly string[];
  /** Variables by which the session's programs find their way out. @default none */
  readonly environment?: Readonly<Record<string, string>>;
  readonly isolation: IsolationLevel;
  /** What the network lets the session do beyond a sealed box. */
  readonly authority: readonly string[];
  /** The resources that must be there first, and whose replacement replaces the session. */
  readonly resources: readonly pulumi.Resource[];
}

/**
 * The mode that holds when none is chosen: with egress a network of the session's own; without, none at all, which is
 * stronger than a sealed network and takes no address from the engine's pools.
 */
export function networkModeOf(args: Pick<IsolatedNetworkArgs, "mode" | "egress">): NetworkMode {
  return args.mode ?? { kind: (args.egress ?? "none") === "none" ? "none" : "bridge" };
}

/** See {@link IsolationLevel}. */
export function isolationOf(args: Pick<IsolatedNetworkArgs, "mode" | "egress">): IsolationLevel {
  const mode = networkModeOf(args);
  switch (mode.kind) {
    case "host":
    case "container":
      return "none";
    case "custom":
      return "shared";
    case "none":
      return "sealed";
    case "bridge":
      if (typeof args.egress === "object") return args.egress.mode === "audit" ? "isolated" : "egress-filtered";
      return args.egress === "open" ? "isolated" : "sealed";
  }
}

/**
 * What does not fit together in a session's network, as sentences without the key they belong to.
 */
export function networkConflicts(
  args: Pick<IsolatedNetworkArgs, "mode" | "egress" | "ports" | "dns">,
): { key: "ports" | "dns" | "egress"; sentence: string }[] {
  const mode = networkModeOf(args);
  const conflicts: { key: "ports" | "dns" | "egress"; sentence: string }[] = [];
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
  return conflicts;
}

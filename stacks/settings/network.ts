import { type Egress, networkConflicts, type NetworkMode } from "../../components/isolated-network/args.ts";
import { isLoopback, type Port } from "../../components/session.ts";
import { baseline } from "../../policy/baseline.ts";
import { resolveEgress } from "./egress.ts";
import type { EgressSets } from "./egress-sets.ts";
import type { Layered } from "./layers.ts";
import { formatSize } from "../units.ts";
import { sentence } from "./sentences.ts";

export interface NetworkSettings {
  readonly mode?: NetworkMode;
  readonly egress: Egress;
  readonly dns: readonly string[];
  readonly ports: readonly Port[];
  /** Bytes a second that the session's proxy lets through to it at most. @default no limit */
  readonly download?: number;
  /** Of the sessions with which it shares a network. */
  readonly group?: string;
}

/** Reads `container:x` and `custom:x` apart. */
function networkMode(text: string): NetworkMode {
  const [kind, name = ""] = text.split(/:(.*)/);
  if (kind === "container") return { kind, id: name };
  if (kind === "custom") return { kind, name };
  return { kind: kind as "none" | "bridge" | "host" };
}

/**
 * @param hostNetwork whether sessions without a mode share this machine's network
 * @param judged whether all that bears upon the network has its form, so that contradictions are real; and whether the
 *   credentials have, whose region a set may need
 */
export function resolveNetwork(
  { setting, where }: Layered,
  hostNetwork: boolean,
  sets: EgressSets,
  judged: { readonly network: boolean; readonly credentials: boolean },
  mistakes: string[],
): NetworkSettings {
  const given = setting.network ?? {};
  const mode = given.mode === undefined ? (hostNetwork ? ({ kind: "host" } as const) : undefined) : networkMode(given.mode);
  const { credentials } = setting;
  // Credentials that cannot be read may name one.
  const unread = judged.credentials ? undefined : "";
  const region = credentials !== undefined && "region" in credentials ? credentials.region : unread;
  const network = {
    ...(mode !== undefined && { mode }),
    egress: resolveEgress(given.egress, where("network", "egress"), sets, region, mistakes),
    dns: given.dns ?? [],
    ports: (given.ports ?? [])
      .filter((port) => port.host !== undefined)
      .map((port) => ({
        container: port.container,
        host: port.host,
        address: port.address ?? baseline.publishAddress,
        protocol: port.protocol ?? ("tcp" as const),
        ...(port.neighbours !== undefined && { neighbours: port.neighbours }),
      })),
    ...(given.bandwidth?.download !== undefined && { download: given.bandwidth.download }),
    ...(setting.group !== undefined && { group: setting.group }),
  };
  if (!judged.network) return network;
  if (mode?.kind === "host" && !hostNetwork)
    mistakes.push(
      sentence(where("network", "mode"), "host", "gives up all isolation of the network; set local.hostNetwork: true too if that is meant"),
    );
  if (network.download !== undefined && typeof network.egress === "string")
    mistakes.push(
      sentence(
        where("network", "bandwidth", "download"),
        `${formatSize(network.download)}/s`,
        `does not fit session "${setting.id}": egress is "${network.egress}", and only the proxy of an allow list limits downloads; give it egress: {allow: [hosts]} or bandwidth: {}`,
      ),
    );
  if (network.ports.some(({ address, neighbours }) => neighbours === true && !isLoopback(address)))
    mistakes.push(
      sentence(
        where("network", "ports"),
        given.ports,
        "does not fit: neighbours: true is for a port on a loopback address, and on any other they are let in; remove it there",
      ),
    );
  for (const { key, sentence: rest } of networkConflicts(network))
    mistakes.push(
      key === "group"
        ? sentence(where(key), setting.group, `does not fit: ${rest}`)
        : sentence(where("network", key), given[key], `does not fit: ${rest}`),
    );
  return network;
}

/** Ports of this machine that sessions listen on, to find two that want one. */
export class PublishedPorts {
  readonly #taken: { readonly port: Port; readonly session: string }[] = [];

  /** Takes a port. @returns who has it already, or has it on every address */
  take(port: Port, session: string): string | undefined {
    const everywhere = (address: string) => address === "0.0.0.0" || address === "::";
    const other = this.#taken.find(
      ({ port: { host, protocol, address } }) =>
        host === port.host && protocol === port.protocol && (address === port.address || everywhere(address) || everywhere(port.address)),
    );
    this.#taken.push({ port, session });
    return other?.session;
  }
}

import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { dockerLabels, sessionLabels } from "../container-engine/object-labels.ts";
import type { MadePart } from "../session-part.ts";
import { containerName, type Port } from "../session.ts";
import { type IsolatedNetworkArgs, networkConflicts, networkModeOf, type NetworkOptions, networkPart } from "./args.ts";

/**
 * The network of one session: none at all, sealed, or open to the outside; never shared with another session.
 *
 * It makes a `docker.Network` only where the session needs one of its own.
 */
export class IsolatedNetwork extends pulumi.ComponentResource {
  readonly part: MadePart;

  /** @throws Error when ports, resolvers and egress contradict the mode. */
  constructor(name: string, args: IsolatedNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:IsolatedNetwork", name, {}, opts);
    const conflicts = networkConflicts(args);
    if (conflicts.length > 0)
      throw new Error(conflicts.map(({ key, sentence }) => `session ${args.sessionId}, network.${key}: ${sentence}`).join("\n"));

    const own = networkModeOf(args).kind === "bridge";
    const resources = own ? [new docker.Network(`${name}-bridge`, toDockerNetwork(args), { parent: this, deleteBeforeReplace: true })] : [];
    this.part = { ...networkPart(args), resources, replaceWith: resources };
    this.registerOutputs();
  }
}

/**
 * The bridge of one session. Members cannot talk to each other, but for a session and its proxy. One that is not open is
 * internal and its bridge has no address, since an internal bridge still lets its members reach the host's own services by the
 * gateway's address.
 */
export function toDockerNetwork(args: IsolatedNetworkArgs) {
  const open = args.egress === "open";
  const shared = typeof args.egress === "object";
  return {
    name: containerName(args.sessionId),
    driver: "bridge",
    internal: !open,
    options: {
      "com.docker.network.bridge.enable_icc": String(shared),
      "com.docker.network.bridge.enable_ip_masquerade": String(open),
      ...(!open && { "com.docker.network.bridge.inhibit_ipv4": "true" }),
    },
    labels: dockerLabels({ ...sessionLabels(args), ...(shared && { purpose: "session-egress" }) }),
  };
}

/** What a container is told of its network. */
interface Attachment {
  /** The engine's network mode, where the container joins no network of its own. */
  readonly networkMode?: string;
  /** The network that it joins, and the name by which others on it find it. */
  readonly network?: { readonly name: string; readonly alias: string };
  /** Ports that the container itself publishes. */
  readonly ports: readonly Port[];
  readonly dns: readonly string[];
  /** The resolver's options, as in resolv.conf. @default the engine's */
  readonly dnsOptions?: readonly string[];
}

/** How a session's container is attached to its network. */
export function attach(sessionId: string, args: NetworkOptions): Attachment {
  const mode = networkModeOf(args);
  const { egress, ports = [], dns = [] } = args;
  switch (mode.kind) {
    case "none":
    case "host":
      return { ports, dns, networkMode: mode.kind };
    case "container":
      return { ports, dns, networkMode: `container:${mode.id}` };
    case "custom":
      return { ports, dns, network: { name: mode.name, alias: sessionId } };
    case "bridge": {
      const network = { name: containerName(sessionId), alias: sessionId };
      // What a sealed container publishes is not there; its proxy has a bridge to publish on.
      return egress === "open"
        ? { ports, dns, network }
        : { network, ports: [], dns: baseline.sealedDns, dnsOptions: baseline.sealedDnsOptions };
    }
  }
}

/** The provider's input for published ports, to be spread, in the order in which it reads them back: in any other it would replace the container. */
export function toDockerPorts(ports: readonly Port[]) {
  if (ports.length === 0) return {};
  const key = ({ container, protocol }: Port) => `${container}/${protocol}`;
  return {
    ports: ports
      .toSorted((one, other) => (key(one) < key(other) ? -1 : 1))
      .map(({ container, host, address, protocol }) => ({ internal: container, external: host, ip: address, protocol })),
  };
}

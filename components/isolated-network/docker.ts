import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { toBridge } from "../container-engine/bridge.ts";
import { dockerLabels, sessionLabels, stackLabels } from "../container-engine/object-labels.ts";
import { type MadePart, part } from "../session-part.ts";
import { containerName, groupNetworkName, type Port, type SessionOwner } from "../session.ts";
import {
  type GroupNetworkArgs,
  type IsolatedNetworkArgs,
  networkModeOf,
  type NetworkOptions,
  networkPart,
  refuseConflicts,
} from "./args.ts";

/**
 * The network of one session: none at all, sealed, or open to the outside; never shared with another session, which has a
 * GroupNetwork in common with it at most.
 *
 * It makes a `docker.Network` only where the session needs one of its own.
 */
export class IsolatedNetwork extends pulumi.ComponentResource {
  readonly part: MadePart;

  /** @throws Error when ports, resolvers and egress contradict the mode. */
  constructor(name: string, args: IsolatedNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:IsolatedNetwork", name, {}, opts);
    refuseConflicts(args);

    const own = networkModeOf(args).kind === "bridge";
    const resources = own ? [new docker.Network(`${name}-bridge`, toDockerNetwork(args), { parent: this, deleteBeforeReplace: true })] : [];
    this.part = { ...networkPart(args), resources, replaceWith: resources };
    this.registerOutputs();
  }
}

/**
 * The bridge of one session. Members cannot talk to each other, but for a session and its proxy. One that is not open
 * leads nowhere.
 */
export function toDockerNetwork(args: IsolatedNetworkArgs) {
  const shared = typeof args.egress === "object";
  return {
    ...toBridge(containerName(args.sessionId), { leads: args.egress === "open" ? "anywhere" : "nowhere", talking: shared }),
    labels: dockerLabels({ ...sessionLabels(args), ...(shared && { purpose: "session-egress" }) }),
  };
}

/**
 * What the sessions of one group share beside the networks of their own: a bridge that leads nowhere else, neither to the host nor
 * to another group. Their egress proxies are not on it: each session's list stays its own.
 */
export class GroupNetwork extends pulumi.ComponentResource {
  readonly part: MadePart;

  constructor(name: string, args: GroupNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:GroupNetwork", name, {}, opts);
    const network = new docker.Network(`${name}-bridge`, toGroupNetwork(args), { parent: this, deleteBeforeReplace: true });
    this.part = { ...part({}), resources: [network], replaceWith: [network] };
    this.registerOutputs();
  }
}

/** The bridge of one group, sealed as that of a session with its proxy is. */
function toGroupNetwork(args: GroupNetworkArgs) {
  return {
    ...toBridge(groupNetworkName(args, args.group), { leads: "nowhere", talking: true }),
    labels: dockerLabels({ ...stackLabels(args), purpose: "session-group", group: args.group }),
  };
}

/** What a container is told of its network. */
interface Attachment {
  /** The engine's network mode, where the container joins no network of its own. */
  readonly networkMode?: string;
  /** The networks that it joins, its own first, and the name by which others on them find it. */
  readonly networks: readonly { readonly name: string; readonly alias: string }[];
  /** Ports that the container itself publishes. */
  readonly ports: readonly Port[];
  readonly dns: readonly string[];
  /** The resolver's options, as in resolv.conf. @default the engine's */
  readonly dnsOptions?: readonly string[];
}

/** How a session's container is attached to its network, and to that of its group. */
export function attach(owner: Pick<SessionOwner, "stack" | "sessionId">, args: NetworkOptions): Attachment {
  const mode = networkModeOf(args);
  const { egress, ports = [], dns = [], group } = args;
  const alias = owner.sessionId;
  const networks = group === undefined ? [] : [{ name: groupNetworkName(owner, group), alias }];
  const sealed = { ports: [], dns: baseline.sealedDns, dnsOptions: baseline.sealedDnsOptions };
  switch (mode.kind) {
    case "none":
      return group === undefined ? { ports, dns, networks, networkMode: "none" } : { networks, ...sealed };
    case "host":
      return { ports, dns, networks, networkMode: "host" };
    case "container":
      return { ports, dns, networks, networkMode: `container:${mode.id}` };
    case "custom":
      return { ports, dns, networks: [{ name: mode.name, alias }] };
    case "bridge": {
      const own = { name: containerName(owner.sessionId), alias };
      // What a sealed container publishes is not there; its proxy has a bridge to publish on.
      return { networks: [own, ...networks], ...(egress === "open" ? { ports, dns } : sealed) };
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

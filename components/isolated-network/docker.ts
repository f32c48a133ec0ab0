import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { proxyEnvironment } from "../egress-proxy/args.ts";
import { dockerLabels } from "../labels.ts";
import { containerName, sessionLabels } from "../session.ts";
import { type IsolatedNetworkArgs, isolationOf, type NetworkAttachment, networkConflicts, networkModeOf } from "./args.ts";

/**
 * The network of one session: none at all, sealed, or open to the outside; never shared with another session.
 *
 * It makes a `docker.Network` only where the session needs one of its own.
 */
export class IsolatedNetwork extends pulumi.ComponentResource {
  /** What the session container takes. */
  readonly attachment: NetworkAttachment;

  /** @throws Error when ports, resolvers and egress contradict the mode. */
  constructor(name: string, args: IsolatedNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:IsolatedNetwork", name, {}, opts);
    const conflicts = networkConflicts(args);
    if (conflicts.length > 0)
      throw new Error(conflicts.map(({ key, sentence }) => `session ${args.sessionId}, network.${key}: ${sentence}`).join("\n"));

    const own = networkModeOf(args).kind === "bridge";
    const resources = own ? [new docker.Network(`${name}-bridge`, toDockerNetwork(args), { parent: this, deleteBeforeReplace: true })] : [];
    this.attachment = { ...attach(args), resources };
    this.registerOutputs({ isolation: this.attachment.isolation });
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
    labels: dockerLabels({ ...sessionLabels(args.sessionId, args.stack), ...(shared && { purpose: "session-egress" }) }),
  };
}

function attach(args: IsolatedNetworkArgs): Omit<NetworkAttachment, "resources"> {
  const mode = networkModeOf(args);
  const isolation = isolationOf(args);
  const rest = { ports: args.ports ?? [], dns: args.dns ?? [], isolation };
  switch (mode.kind) {
    case "none":
      return { ...rest, networkMode: "none", authority: [] };
    case "host":
      return { ...rest, networkMode: "host", authority: ["the host's network"] };
    case "container":
      return { ...rest, networkMode: `container:${mode.id}`, authority: [`the network of container ${mode.id}`] };
    case "custom":
      return { ...rest, network: { name: mode.name, alias: args.sessionId }, authority: [`the network ${mode.name}`] };
    case "bridge": {
      const network = { name: containerName(args.sessionId), alias: args.sessionId };
      if (args.egress === "open") return { ...rest, network, authority: ["egress to any host"] };
      // What a sealed container publishes is not there; its proxy has a bridge to publish on.
      const sealed = { ...rest, network, ports: [], dns: baseline.sealedDns, dnsOptions: baseline.sealedDnsOptions, authority: [] };
      return typeof args.egress === "object" ? { ...sealed, environment: proxyEnvironment } : sealed;
    }
  }
}

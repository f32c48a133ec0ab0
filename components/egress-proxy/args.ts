import type * as pulumi from "@pulumi/pulumi";
import { type Port, portAuthority, proxyAlias, proxyPort } from "../session.ts";
import type { ParentProxy } from "../parent-proxy/args.ts";

/** Hosts that a session may reach. */
export interface AllowedHost {
  /** A name, or `*.` and a suffix for every name below it. */
  readonly host: string;
  readonly ports: readonly number[];
  /** Private CIDR blocks that the host may resolve into. @default [] */
  readonly addresses: readonly string[];
  /** The named sets that it comes from, sorted; nothing depends on them but what people read. @default [] */
  readonly sets?: readonly string[];
}

/** An egress by name. */
export interface AllowList {
  readonly allow: readonly AllowedHost[];
  /** `enforce`: these hosts and no other; `audit`: every public host too, and the record says which were not on the list. @default enforce */
  readonly mode?: "enforce" | "audit";
}

export interface EgressProxyArgs extends AllowList {
  readonly sessionId: string;
  /** `<project>/<stack>`; becomes a label. */
  readonly stack: string;
  /** The proxy's image, by digest or local id; see HardenedImage. */
  readonly image: pulumi.Input<string>;
  /** The session's own network. */
  readonly network: { readonly name: string; readonly resources: readonly pulumi.Resource[] };
  /** Addresses of the resolvers that look the hosts up. @default the engine's */
  readonly dns?: readonly string[];
  /** Bytes a second that the session receives from the hosts at most, all connections together. @default no limit */
  readonly download?: number;
  /** Ports that the session publishes; not TCP on {@link proxyPort}. @default [] */
  readonly ports?: readonly Port[];
  /** What the proxy takes on goes by way of it. @default directly */
  readonly parent?: ParentProxy;
}

/** The ports of an entry that names none. */
export const webPorts: readonly number[] = [80, 443];

/** Where the session finds the proxy. */
export const proxyAddress = `http://${proxyAlias}:${proxyPort}`;
const direct = "localhost,127.0.0.1,::1";

/** What makes the session's programs use the proxy; some read one spelling, some the other, and Node needs to be told. */
export const proxyEnvironment: Readonly<Record<string, string>> = {
  http_proxy: proxyAddress,
  https_proxy: proxyAddress,
  no_proxy: direct,
  HTTP_PROXY: proxyAddress,
  HTTPS_PROXY: proxyAddress,
  NO_PROXY: direct,
  NODE_USE_ENV_PROXY: "1",
  SESSION_PROXY_HEALTH_URL: `${proxyAddress}/`,
};

/** What the proxy lets the session do, one line for each host and port. */
export function egressAuthority({
  sessionId,
  allow,
  mode,
  ports = [],
}: Pick<EgressProxyArgs, "sessionId" | "allow" | "mode" | "ports">): string[] {
  const audited = mode === "audit" ? [`session ${sessionId}: egress to any public host, recorded`] : [];
  return allow
    .map(({ host, ports, addresses, sets = [] }) => {
      const notes = [
        ...(sets.length > 0 ? [sets.join(", ")] : []),
        ...(addresses.length > 0 ? [`also at private addresses ${addresses.join(", ")}`] : []),
      ];
      return `session ${sessionId}: egress to ${host}:${ports.join(",")}${notes.length > 0 ? ` (${notes.join("; ")})` : ""}`;
    })
    .concat(
      audited,
      ports.map((port) => `session ${sessionId}: ${portAuthority(port)}`),
    )
    .sort();
}

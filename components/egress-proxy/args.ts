import type * as pulumi from "@pulumi/pulumi";
import type { ParentProxy } from "../parent-proxy/args.ts";
import type { Logs, MadePart } from "../session-part.ts";
import type { Port, SessionOwner } from "../session.ts";

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

export interface EgressProxyArgs extends SessionOwner, AllowList {
  /** The proxy's image, by digest or local id; see HardenedImage. */
  readonly image: pulumi.Input<string>;
  /** The session's own network, as it was made. */
  readonly network: Pick<MadePart, "resources">;
  /** Addresses of the resolvers that look the hosts up. @default the engine's */
  readonly dns?: readonly string[];
  /** Bytes a second that the session receives from the hosts at most, all connections together. @default no limit */
  readonly download?: number;
  /** Ports that the session publishes; not TCP on {@link proxyPort}. @default [] */
  readonly ports?: readonly Port[];
  /** What the proxy takes on goes by way of it. @default directly */
  readonly parent?: ParentProxy;
  /** How what it prints, its record, is kept, in files of sizes of its own. @default json-file */
  readonly logs?: Logs;
}

/** The ports of an entry that names none. */
export const webPorts: readonly number[] = [80, 443];

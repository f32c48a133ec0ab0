import { isIPv4, isIPv6 } from "node:net";
import type { AllowedHost, AllowList } from "../egress-proxy/args.ts";
import { type ParentProxy, parentFor } from "../parent-proxy/args.ts";

/** Somewhere a pod may connect to, before anything is said about how a cluster's network is told so. */
export interface Destination {
  /** Names, or `*.` and a suffix for every name below it, or addresses. */
  readonly hosts: readonly string[] | "any";
  /** Of TCP; `any` is every port and protocol. */
  readonly ports: readonly number[] | "any";
  /** Private CIDR blocks that the hosts may lie in, beside public addresses. @default [] */
  readonly addresses?: readonly string[];
}

/** Whatever is public. */
export const anywhere: Destination = { hosts: "any", ports: "any" };

/** Whether a host is written as its address. */
export const isAddress = (host: string): boolean => isIPv4(host) || isIPv6(host);

/**
 * Where an egress proxy connects to: its list, in an audit whatever is public, and by way of a parent that alone and what is
 * reached directly.
 */
export function ofProxy({ allow, mode, parent }: AllowList & { readonly parent?: ParentProxy }, company: readonly string[]): Destination[] {
  const ways = parent === undefined ? [] : [ofParent(parent, company)];
  const direct = allow.filter(({ host }) => mayGoDirectly(host, parent)).map(ofEntry);
  const goesDirectly = parent === undefined || (parent.noProxy ?? []).length > 0;
  return [...ways, ...(mode === "audit" && goesDirectly ? [anywhere] : []), ...direct];
}

const ofEntry = ({ host, ports, addresses }: AllowedHost): Destination => ({ hosts: [host], ports, addresses });

/** Whether something of an entry is reached directly: it, or a name below it. */
function mayGoDirectly(host: string, parent: ParentProxy | undefined): boolean {
  const suffix = host.replace(/^\*/, "");
  return parentFor(parent, host) === undefined || (parent?.noProxy ?? []).some((entry) => host.startsWith("*.") && entry.endsWith(suffix));
}

/** A company's proxy. */
const ofParent = ({ host, port }: ParentProxy, company: readonly string[]): Destination => ({
  hosts: [host],
  ports: [port],
  addresses: isAddress(host) ? [`${host}/${isIPv6(host) ? 128 : 32}`] : company,
});

const portOf: Readonly<Record<string, number>> = { "http:": 80, "https:": 443, "ssh:": 22, "git:": 9418 };

/** Where one URL leads, by way of a parent where the host is reached through it. */
export function ofUrl(url: string, parent: ParentProxy | undefined, company: readonly string[]): Destination[] {
  const { protocol, hostname, port } = new URL(url);
  const way = /^https?:$/.test(protocol) ? parentFor(parent, hostname) : undefined;
  if (way !== undefined) return [ofParent(way, company)];
  const own = port === "" ? portOf[protocol] : Number(port);
  if (own === undefined) return [];
  return [{ hosts: [hostname.replace(/^\[|\]$/g, "")], ports: [own], addresses: company }];
}

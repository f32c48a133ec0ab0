import { barredBlocks } from "./addresses.ts";
import type { ParentProxy } from "../parent-proxy/args.ts";
import type { AllowedHost, EgressProxyArgs } from "./args.ts";

/**
 * What became of a request, as the proxy's record of it says: let through; let through only to see what is asked for; refused
 * since host and port are in no entry, the host resolves to an address that its entry does not admit, or does not resolve.
 */
export const verdicts = ["allowed", "audited", "unlisted", "address", "unresolved"] as const;
export type Verdict = (typeof verdicts)[number];

/**
 * The rules of one session as Squid reads them. A host passes when its name and port are in one entry and none of its addresses
 * is barred there. A name is compared as it is written, so that an address never counts as the host it belongs to.
 */
export function toRules({ allow, mode, download, parent }: Pick<EgressProxyArgs, "allow" | "mode" | "download" | "parent">): string {
  return [
    ...(download === undefined ? [] : oneBucket(download)),
    ...(parent === undefined ? [] : byParent(parent)),
    ...common,
    ...listRules({ allow, mode, parent }, alone),
  ].join("\n");
}

/** What every list is written with. */
export const common: readonly string[] = [
  "acl tunnel method CONNECT",
  "acl web proto HTTP",
  "acl resolved dst all",
  ...verdicts.map((verdict) => `acl as_${verdict} annotate_transaction verdict=${verdict}`),
  // Nobody refused it, so that is not what the session is told.
  "deny_info 503:ERR_DNS_FAIL as_unresolved",
  "http_access deny !tunnel !web as_unlisted",
];

/** For whom a list holds, and how its names are told from those of other lists. */
export interface Scope {
  /** Conditions before every other one, each with a blank after it. */
  readonly who: string;
  /** What the names of its conditions have at their end, before their number. */
  readonly mark: string;
  /** The name of the condition that a host leads to a barred address, and the lines that say so where nothing has said it before. */
  barred(addresses: readonly string[], name: string): { readonly name: string; readonly lines: readonly string[] };
}

/** A list that holds for everybody who asks. */
const alone: Scope = {
  who: "",
  mark: "",
  barred: (addresses, name) => ({ name, lines: [barredLine(addresses, name)] }),
};

export const barredLine = (addresses: readonly string[], name: string): string => `acl ${name} dst ${barredBlocks(addresses).join(" ")}`;

/** The rules of one list; whoever it holds for has been answered at their end. */
export function listRules({ allow, mode, parent }: Pick<EgressProxyArgs, "allow" | "mode" | "parent">, scope: Scope): string[] {
  const { who, mark } = scope;
  const groups = together(allow).map((group, index) => ({ ...group, id: `${mark}${index}` }));
  return [
    ...groups.flatMap(({ hosts, ports, addresses, id }) => {
      const barred = scope.barred(addresses, `barred${id}`);
      return [
        ...hosts.map((host) => `acl hosts${id} dstdom_regex -n -i ${pattern(host)}`),
        `acl ports${id} port ${ports.join(" ")}`,
        ...barred.lines,
        // A host that cannot be looked up is in no list of addresses, so that it is resolved is asked first.
        `http_access allow ${who}hosts${id} ports${id} resolved !${barred.name} as_allowed`,
      ];
    }),
    ...(parent === undefined ? [] : groups.map(({ id }) => `http_access allow ${who}hosts${id} ports${id} !resolved !direct as_allowed`)),
    ...groups.flatMap(({ id }) => [
      `http_access deny ${who}hosts${id} ports${id} resolved as_address`,
      `http_access deny ${who}hosts${id} ports${id} as_unresolved`,
    ]),
    ...(mode === "audit" ? anyPublicHost(parent, scope) : [`http_access deny ${who}all as_unlisted`]),
  ];
}

function anyPublicHost(parent: ParentProxy | undefined, scope: Scope): string[] {
  const { who, mark } = scope;
  const barred = scope.barred([], `barred${mark}`);
  return [
    // Where there is no IPv6, Squid leaves its blocks out, and ends when it is to connect to such an address.
    `acl written6${mark} dstdom_regex -n :`,
    `http_access deny ${who}written6${mark} as_address`,
    ...barred.lines,
    `http_access allow ${who}resolved !${barred.name} as_audited`,
    `http_access deny ${who}resolved as_address`,
    ...(parent === undefined ? [] : [`http_access allow ${who}!inner !direct as_audited`]),
    `http_access deny ${who}all as_unresolved`,
  ];
}

/**
 * What is taken on goes by way of the parent, which looks names up itself. Behind it, a name that is none here may be one there:
 * it passes without an address to be judged by. Not so in an audit, which admits any name, where it is a way to write an address
 * or of a kind that networks keep to themselves, such as a metadata service's.
 */
export function byParent({ noProxy = [] }: ParentProxy): string[] {
  return [
    // Where nobody answers for names of the internet, each new one would wait half a minute.
    "dns_timeout 5 seconds",
    `acl direct dstdom_regex -n -i ${noProxy.length > 0 ? noProxy.map(pattern).join(" ") : "^$"}`,
    "acl inner dstdom_regex -n -i ^[^.]*\\.?$ (^|\\.)[0-9][0-9a-fx]*\\.?$ \\.(internal|local|localdomain|localhost)\\.?$",
    "always_direct allow direct",
    "never_direct allow all",
  ];
}

/** Whatever is received, through a tunnel or not, is taken out of one bucket, which holds what a second brings. */
function oneBucket(download: number): string[] {
  return ["delay_pools 1", "delay_class 1 1", `delay_parameters 1 ${download}/${download}`, "delay_access 1 allow all"];
}

interface Group extends Omit<AllowedHost, "host"> {
  readonly hosts: string[];
}

/** Hosts with the same ports and admissions in one group. */
function together(allow: readonly AllowedHost[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { host, ports, addresses } of allow) {
    const key = JSON.stringify([ports, addresses]);
    const group = groups.get(key) ?? { hosts: [], ports, addresses };
    group.hosts.push(host);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function pattern(host: string): string {
  const escaped = host.replace(/^\*\./, "").replaceAll(".", "\\.");
  return host.startsWith("*.") ? `^([a-z0-9_-]+\\.)+${escaped}$` : `^${escaped}$`;
}

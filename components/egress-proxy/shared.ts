import { createHash, createHmac } from "node:crypto";
import type * as pulumi from "@pulumi/pulumi";
import { byWayOf, loginText, type ParentProxy } from "../parent-proxy/args.ts";
import { SecretReference, type Service } from "../session-part.ts";
import type { AllowList } from "./args.ts";
import { proxyFolder, proxyHealth, proxyUser } from "./part.ts";
import { barredLine, byParent, common, listRules, type Scope } from "./rules.ts";

/** One proxy for all sessions of a stack: each signs in as itself, has its own list, and is named in the record. */

/** A session's list at a proxy that others use too. */
export interface SharedList extends AllowList {
  /** Its name at the proxy. */
  readonly sessionId: string;
  /** Tasks that sign in as it at most. @default 1 */
  readonly tasks?: number;
  /** Bytes a second that the session receives from its hosts at most, all connections together. @default no limit */
  readonly download?: number;
}

/**
 * What a session signs in with. It follows from the stack's key and the session's name alone, so that another session changes
 * nobody's, and a plan needs no place to keep it.
 *
 * @param key a secret of at least 32 characters that no session sees
 */
export const passwordOf = (key: SecretReference, sessionId: string): SecretReference =>
  key.map((secret) => createHmac("sha256", secret).update(`egress ${sessionId}`).digest("hex"));

/**
 * Who may sign in, a line for each: the session and the SHA-256 of its password. Of a password that nobody can guess, a hash that
 * is quick to make tells as little as a slow one.
 */
export function toLogins(lists: readonly SharedList[], key: SecretReference): string {
  return sorted(lists)
    .map(({ sessionId }) => {
      const digest = passwordOf(key, sessionId).map((password) => createHash("sha256").update(password).digest("hex"));
      return `${sessionId} ${digest.reveal()}`;
    })
    .join("\n");
}

/** Connections that a task of a session has at most, and files that Squid opens for all of them: a connection that is carried is two. */
const connections = { each: 512, files: 65_535, own: 512 } as const;

/** What each task of a session may have open, and all of them together. */
export function shares(tasks: number): { readonly connections: number; readonly files: number } {
  const files = Math.min(connections.files, connections.own + 2 * connections.each * tasks);
  return { files, connections: Math.min(connections.each, Math.floor((files - connections.own) / 2 / tasks)) };
}

/** The rules of all sessions, as Squid reads them. Sessions with one list have one set of rules. */
export function toSharedRules(lists: readonly SharedList[], parent?: ParentProxy): string {
  const all = sorted(lists);
  const groups = [...Map.groupBy(all, listKey).values()];
  const each = shares(tasksOf(all));
  const barred = new Map<string, string>();
  return [
    `max_filedescriptors ${each.files}`,
    `client_ip_max_connections ${each.connections}`,
    ...signIn,
    ...groups.flatMap((group, index) => group.map(({ sessionId }) => `acl of${index} proxy_auth ${sessionId}`)),
    ...buckets(all),
    ...(parent === undefined ? [] : byParent(parent)),
    ...common,
    ...groups.flatMap(([first], index) => (first === undefined ? [] : listRules({ ...first, parent }, scopeOf(index, barred)))),
  ].join("\n");
}

/**
 * Asked before anything else; a wrong password is asked for again rather than refused, as HTTP has it. A session that asks with many
 * is told they are wrong, and Squid does not end by it.
 */
const signIn: readonly string[] = [
  "auth_param basic program /usr/local/bin/proxy-login",
  "auth_param basic children 4 startup=1 idle=1 queue-size=1024 on-persistent-overload=ERR",
  "auth_param basic credentialsttl 1 hour",
  "auth_param basic casesensitive on",
  "auth_param basic realm agent-sessions",
  "acl signed proxy_auth REQUIRED",
  "http_access deny !signed",
];

/** A list of its own among others. What hosts are barred from is long, and said once for all lists that say the same. */
function scopeOf(index: number, known: Map<string, string>): Scope {
  return {
    who: `of${index} `,
    mark: `${index}_`,
    barred: (addresses, name) => {
      const key = JSON.stringify(addresses);
      const said = known.get(key);
      if (said !== undefined) return { name: said, lines: [] };
      known.set(key, name);
      return { name, lines: [barredLine(addresses, name)] };
    },
  };
}

/** A bucket for each session that receives no more than its own. */
function buckets(lists: readonly SharedList[]): string[] {
  const slowed = lists.flatMap(({ sessionId, download }) => (download === undefined ? [] : [{ sessionId, download }]));
  if (slowed.length === 0) return [];
  return [
    `delay_pools ${slowed.length}`,
    ...slowed.flatMap(({ sessionId, download }, index) => {
      const pool = index + 1;
      return [
        `acl slow${pool} proxy_auth ${sessionId}`,
        `delay_class ${pool} 1`,
        `delay_parameters ${pool} ${download}/${download}`,
        `delay_access ${pool} allow slow${pool}`,
        `delay_access ${pool} deny all`,
      ];
    }),
  ];
}

const tasksOf = (lists: readonly SharedList[]): number => lists.reduce((sum, { tasks = 1 }) => sum + tasks, 0);

const sorted = (lists: readonly SharedList[]): SharedList[] => lists.toSorted((one, other) => (one.sessionId < other.sessionId ? -1 : 1));

/** The same for lists that say the same; which sets hosts come from is for people. */
const listKey = ({ allow, mode = "enforce" }: SharedList): string =>
  JSON.stringify([mode, allow.map(({ host, ports, addresses }) => [host, ports, addresses])]);

export interface SharedProxyArgs {
  readonly lists: readonly SharedList[];
  /** The proxy's image; see HardenedImage. */
  readonly image: pulumi.Input<string>;
  /** From which the passwords of sessions follow. */
  readonly key: SecretReference;
  /** What the proxy takes on goes by way of it. @default directly */
  readonly parent?: ParentProxy;
}

/** Bytes of lists and logins in JSON, which leaves a task definition of 64 KB room for what else is in it. */
const longestLists = 60 * 1024;

/** One proxy for all sessions that have a list. @throws Error when their lists are more than it can be told */
export function sharedProxy({ lists, image, key, parent }: SharedProxyArgs): Service {
  const told = { EGRESS_RULES: toSharedRules(lists, parent), EGRESS_LOGINS: toLogins(lists, key) };
  const bytes = Buffer.byteLength(JSON.stringify(told));
  if (bytes > longestLists)
    throw new Error(
      `the lists of ${lists.length} sessions take ${bytes} bytes, and the proxy that they share can be told ${longestLists}; have sessions share lists, whose rules are said once, or describe some in a stack of their own`,
    );
  return {
    name: "egress-proxy",
    kind: "egress-proxy",
    runs: "beside",
    image,
    user: proxyUser,
    program: ["/usr/local/bin/proxy-entrypoint"],
    environment: { ...told, ...byWayOf(parent).environment },
    mounts: [proxyFolder],
    limits: { ...sharedLimits, openFiles: shares(tasksOf(lists)).files },
    health: proxyHealth,
    reaches: "any host",
  };
}

/** Each connection takes some tens of kilobytes, and each session may have {@link connections}. */
export const sharedLimits = { memory: 2 * 1024 ** 3, cpu: 0.5, processes: 64 } as const;

/** What the parent proxy is told, for a proxy that can be handed no file. */
export const parentLogin = ({ login }: ParentProxy): SecretReference | undefined =>
  login && new SecretReference(login.password.name, () => loginText(login));

import type * as pulumi from "@pulumi/pulumi";
import { SharedEgressProxy } from "../../../components/egress-proxy/ecs.ts";
import type { SharedList } from "../../../components/egress-proxy/shared.ts";
import type { SessionsNetworkArgs } from "../../../components/fargate/network.ts";
import type { Shared } from "../../../components/fargate/provider.ts";
import { reachOf } from "../../../components/isolated-network/ecs.ts";
import { mostTasks } from "../../../components/session-container/ecs/pool.ts";
import { isAddress } from "../../../components/isolated-network/destinations.ts";
import type { SecretReference } from "../../../components/session-part.ts";
import { asksAnyName, wantsDnsFirewall } from "../../settings/ecs-names.ts";
import type { Settings } from "../../settings.ts";

/** What the network of a stack has to lead to, as its sessions ask for it. */
export function networkOf({ strategy, sessions, parent }: Settings<"ecs">): SessionsNetworkArgs {
  const { vpc } = strategy;
  const upstreams = sessions.flatMap(({ credentials }) => (credentials.kind === "proxy" ? [hostOf(credentials.upstream)] : []));
  const clones = sessions.flatMap(({ repositories }) => repositories.flatMap((one) => (one.kind === "url" ? [hostOf(one.url)] : [])));
  const ofParent = parent === undefined ? [] : [parent.host, ...(parent.noProxy ?? [])];
  const listed = sessions.flatMap(({ network: { egress } }) => (typeof egress === "object" ? egress.allow.map(({ host }) => host) : []));
  const names = sessions.some(asksAnyName)
    ? ("any" as const)
    : [...new Set([...listed, ...upstreams, ...clones, ...ofParent])].filter((name) => !isAddress(name)).sort();
  return {
    vpc,
    reaches: [...new Set(sessions.map(({ network }) => reachOf(network.egress)))].sort(),
    outward: upstreams.length > 0 || clones.length > 0,
    names,
    dnsFirewall: wantsDnsFirewall(strategy),
  };
}

const hostOf = (url: string): string => new URL(url).hostname.replace(/^\[|\]$/g, "");

/** The lists of a stack's sessions, for the proxy that they share. */
export function listsOf({ sessions }: Settings<"ecs">): SharedList[] {
  return sessions.flatMap(({ id, pool, network: { egress, download } }) => {
    if (typeof egress !== "object") return [];
    return [{ ...egress, sessionId: id, tasks: pool === undefined ? 1 : mostTasks(pool), ...(download !== undefined && { download }) }];
  });
}

/**
 * The proxy of all sessions that have a list. Its image is known to the first session that uses it, so that it is made there.
 *
 * @param key from which the password of each session follows
 */
export function egressOf(
  settings: Settings<"ecs">,
  key: SecretReference,
  opts: pulumi.ComponentResourceOptions,
): NonNullable<Shared["egress"]> {
  const lists = listsOf(settings);
  let made: SharedEgressProxy | undefined;
  return {
    key,
    proxy: ({ image, parent }) => {
      made ??= new SharedEgressProxy("egress-proxy", { lists, image, key, ...(parent !== undefined && { parent }) }, opts);
      return made;
    },
  };
}

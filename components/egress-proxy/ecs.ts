import * as pulumi from "@pulumi/pulumi";
import { FargateCompanion, type FargateCompanionArgs } from "../fargate/companion.ts";
import { outwards } from "../fargate/groups.ts";
import { sharedTags } from "../fargate/tags.ts";
import { sharedOf } from "../fargate/provider.ts";
import { ofProxy } from "../isolated-network/destinations.ts";
import { type MadePart, part } from "../session-part.ts";
import { proxyPort } from "../session.ts";
import type { EgressProxyArgs } from "./args.ts";
import { egressAuthority, proxyEnvironment } from "./part.ts";
import { parentLogin, passwordOf, sharedProxy, type SharedProxyArgs } from "./shared.ts";

/**
 * The way out of one session: the stack's proxy, at which it signs in as itself. What it signs in with is in its own secret; its list
 * is the proxy's.
 */
export class EgressProxy extends pulumi.ComponentResource {
  readonly part: MadePart;

  constructor(name: string, args: EgressProxyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:ecs:EgressProxy", name, {}, opts);
    const { egress } = sharedOf(this);
    if (egress === undefined) throw new Error(`session ${args.sessionId} has an allow list, and nothing to sign in at the proxy with`);
    const proxy = egress.proxy(args);
    const at = `${proxy.host}:${proxyPort}`;
    const login = passwordOf(egress.key, args.sessionId).map((password) => `http://${args.sessionId}:${password}@${at}`);
    // The addresses with the password in them are secret, and the rest is not.
    const { http_proxy, https_proxy, HTTP_PROXY, HTTPS_PROXY, ...environment } = proxyEnvironment(`http://${at}`);
    const secretEnvironment = Object.fromEntries(
      Object.keys({ http_proxy, https_proxy, HTTP_PROXY, HTTPS_PROXY }).map((key) => [key, login]),
    );
    this.part = { ...part({ environment, secretEnvironment, authority: egressAuthority(args) }), resources: proxy.resources };
    this.registerOutputs({ authority: this.part.authority });
  }
}

/**
 * The proxy of all sessions that have a list: alone in having a way out. A changed list, or another session, makes another task of it,
 * which serves before the old one goes; the sessions go on.
 */
export class SharedEgressProxy extends FargateCompanion {
  constructor(name: string, args: SharedProxyArgs, opts?: pulumi.ComponentResourceOptions) {
    const login = args.parent && parentLogin(args.parent);
    const companion: FargateCompanionArgs = {
      companion: sharedProxy(args),
      ...(login !== undefined && { secretEnvironment: { PARENT_LOGIN: login } }),
      of: sharedProxyLog,
      what: "The egress proxy",
      tags: sharedTags("egress-proxy"),
      port: proxyPort,
      readers: (network) => network.groups.sessions["egress proxy"],
      out: outwards(
        "Hosts on the lists of sessions",
        args.lists.flatMap((list) => ofProxy({ ...list, ...(args.parent !== undefined && { parent: args.parent }) }, [])),
      ),
    };
    super("SharedEgressProxy", name, companion, opts);
  }
}

/** In the names of the proxy's log group and secrets, which no session's id can be. */
export const sharedProxyLog = "_egress-proxy";

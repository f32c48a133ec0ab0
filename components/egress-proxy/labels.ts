import { stackLabels } from "../container-engine/object-labels.ts";
import type { EgressProxyArgs } from "./args.ts";

/** What an engine that is Docker's is told of the proxy, be it a container or a service. */

/** Sizes of the proxy's own logs. */
export const proxyLogs = { maxSizeMegabytes: 10, maxFiles: 5 } as const;

/** It serves a session and is none itself. */
export const ownerLabels = (args: EgressProxyArgs) => ({ serves: args.sessionId, ...stackLabels(args), kind: "egress-proxy" });

/** Those of the proxy itself. By the limit a plan shows that it changes. */
export function proxyLabels(args: EgressProxyArgs): Record<string, string> {
  const { mode = "enforce", download } = args;
  return { ...ownerLabels(args), egress: mode, ...(download !== undefined && { download_limit: String(download) }) };
}

import { containerName, isLocal } from "../session.ts";
import type { EgressProxyArgs } from "./args.ts";

/**
 * The ports that a session publishes as nginx reads them: it listens on each port and carries what comes there to the same port of
 * the session. The session's name is in a variable, so that it is asked for anew; see {@link forwardDnsOptions}. Ports for this
 * machine alone let in whom local-only.conf lets in: the edge network's gateway, from which this machine's connections come.
 */
export function toForwards({ sessionId, ports = [] }: Pick<EgressProxyArgs, "sessionId" | "ports">): string {
  const session = containerName(sessionId);
  return ports
    .map((port) => {
      const { container, protocol } = port;
      // Nobody says when an exchange over UDP has ended.
      const listen = protocol === "udp" ? `listen ${container} udp; proxy_timeout 1m;` : `listen ${container} so_keepalive=on;`;
      const access = isLocal(port) ? " include /run/local-only.conf;" : "";
      return `server { ${listen}${access} set $session ${session}; proxy_pass $session:${container}; }`;
    })
    .join("\n");
}

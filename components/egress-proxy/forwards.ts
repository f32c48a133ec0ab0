import { containerName } from "../session-container/args.ts";
import type { EgressProxyArgs } from "./args.ts";

/**
 * The ports that a session publishes as nginx reads them: it listens on each port and carries what comes there to the same port of
 * the session. The session's name is asked for on its own network alone, and with a variable, so that it is asked for anew.
 */
export function toForwards({ sessionId, network, ports = [] }: Pick<EgressProxyArgs, "sessionId" | "network" | "ports">): string {
  const session = `${containerName(sessionId)}.${network.name}`;
  return ports
    .map(({ container, protocol }) => {
      // Nobody says when an exchange over UDP has ended.
      const listen = protocol === "udp" ? `listen ${container} udp; proxy_timeout 1m;` : `listen ${container} so_keepalive=on;`;
      return `server { ${listen} set $session ${session}; proxy_pass $session:${container}; }`;
    })
    .join("\n");
}

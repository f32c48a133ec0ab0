import { baseline } from "../../policy/baseline.ts";
import { byWayOf } from "../parent-proxy/args.ts";
import { type HealthCommand, type Mount, part, type Service, type SessionPart } from "../session-part.ts";
import { portAuthority, proxyAlias, proxyName, proxyPort } from "../session.ts";
import type { EgressProxyArgs } from "./args.ts";
import { toForwards } from "./forwards.ts";
import { toRules } from "./rules.ts";

/** Where the session finds the proxy. */
const proxyAddress = `http://${proxyAlias}:${proxyPort}`;
const direct = "localhost,127.0.0.1,::1";

/** What makes the session's programs use the proxy; some read one spelling, some the other, and Node needs to be told. */
export const proxyEnvironment = (address: string) => ({
  http_proxy: address,
  https_proxy: address,
  no_proxy: direct,
  HTTP_PROXY: address,
  HTTPS_PROXY: address,
  NO_PROXY: direct,
  NODE_USE_ENV_PROXY: "1",
  SESSION_PROXY_HEALTH_URL: `${address}/`,
});

/** The user that Debian's Squid runs as. */
export const proxyUser = 13;

/** Squid takes 8 MB when idle, nginx 2 where ports are published; each connection some tens of kilobytes, and two descriptors. */
export const egressProxyLimits = { memory: 128 * 1024 ** 2, cpu: 1, processes: 16, openFiles: 4096 } as const;

/** Where a proxy keeps what it is told. */
export const proxyFolder: Mount = {
  target: "/run",
  readOnly: false,
  source: { kind: "memory", size: 1024 ** 2, exec: false, mode: "0700", owned: true },
};

export const proxyHealth: HealthCommand = { ...baseline.healthCheck, command: ["/usr/local/bin/proxy-health"], startPeriod: 10 };

/** What a session takes from its proxy. */
export const egressPart = (args: EgressProxyArgs): SessionPart =>
  part({ environment: proxyEnvironment(proxyAddress), companions: [egressProxy(args)], authority: egressAuthority(args) });

/** A session's only way out. It carries the ports that the session publishes, too. */
export function egressProxy(args: EgressProxyArgs): Service {
  const { sessionId, image, ports = [] } = args;
  const way = byWayOf(args.parent);
  return {
    name: proxyName(sessionId),
    kind: "egress-proxy",
    runs: "beside",
    image,
    user: proxyUser,
    program: ["/usr/local/bin/proxy-entrypoint"],
    environment: {
      EGRESS_RULES: toRules(args),
      ...(ports.length > 0 && { FORWARDED_PORTS: toForwards(args) }),
      ...way.environment,
    },
    mounts: [...way.mounts, proxyFolder],
    limits: egressProxyLimits,
    health: proxyHealth,
    reaches: "any host",
  };
}

/** What the proxy lets the session do, one line for each host and port. */
export function egressAuthority({ allow, mode, ports = [] }: Pick<EgressProxyArgs, "allow" | "mode" | "ports">): string[] {
  return [
    ...allow.map(({ host, ports, addresses, sets = [] }) => {
      const notes = [
        ...(sets.length > 0 ? [sets.join(", ")] : []),
        ...(addresses.length > 0 ? [`also at private addresses ${addresses.join(", ")}`] : []),
      ];
      return `egress to ${host}:${ports.join(",")}${notes.length > 0 ? ` (${notes.join("; ")})` : ""}`;
    }),
    ...(mode === "audit" ? ["egress to any public host, recorded"] : []),
    ...ports.map(portAuthority),
  ];
}

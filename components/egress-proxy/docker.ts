import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { toVolumesAndBinds } from "../container-engine/auxiliary.ts";
import { processLimit } from "../container-engine/hooks.ts";
import { dockerLabels } from "../labels.ts";
import { directAccess, parentAccess } from "../parent-proxy/docker.ts";
import { securityOpts } from "../seccomp/docker.ts";
import { toDockerPorts } from "../session-container/docker.ts";
import { edgeName, proxyAlias, proxyName } from "../session.ts";
import { egressAuthority, type EgressProxyArgs } from "./args.ts";
import { forwardDnsOptions, toForwards } from "./forwards.ts";
import { toRules } from "./rules.ts";

/** Megabytes. Squid takes 8 when idle, nginx 2 where ports are published; each connection some tens of kilobytes. */
const memory = 128;
/** Squid is one process, nginx two; their entrypoint and its init are the others. */
const processes = 16;
/** Two for each connection. */
const openFiles = 4096;

/**
 * The proxy of one session: the only other member of the session's sealed network, and alone in having a way out. The ports that
 * the session publishes are published on it, and carried to the session. A changed list or port replaces it and leaves the
 * session's container as it is; while there is none, nothing gets out or in.
 */
export class EgressProxy extends pulumi.ComponentResource {
  /** What the session needs to be there before it starts. Their replacement does not replace it. */
  readonly resources: readonly pulumi.Resource[];
  /** The hosts that the session may reach and the ports that it publishes, sorted. */
  readonly authority: readonly string[];

  constructor(name: string, args: EgressProxyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:EgressProxy", name, {}, opts);
    const edge = new docker.Network(`${name}-edge`, toEdgeNetwork(args), { parent: this, deleteBeforeReplace: true });
    const labels = { ...proxyLabels(args), kind: "parent-proxy" };
    const access = parentAccess(
      `${name}-proxy`,
      { parent: args.parent, container: proxyName(args.sessionId), image: args.image, labels },
      { parent: this },
    );
    // Squid reads the login once.
    const first = [...args.network.resources, edge, ...access.resources];
    const container = new docker.Container(`${name}-proxy`, toProxyContainer(args, access), {
      parent: this,
      dependsOn: first,
      replaceWith: first,
      deleteBeforeReplace: true,
      hooks: { afterCreate: [processLimit(this)], afterUpdate: [processLimit(this)] },
    });
    this.resources = [container];
    this.authority = egressAuthority(args);
    this.registerOutputs({ authority: this.authority });
  }
}

/** It serves a session and is none itself. */
const proxyLabels = ({ sessionId, stack }: EgressProxyArgs) => ({
  serves: sessionId,
  created_by: baseline.createdBy,
  stack,
  kind: "egress-proxy",
});

/** The proxy's way out. One for each proxy: a network of the size that many sessions need would hold few of them. */
export function toEdgeNetwork(args: EgressProxyArgs) {
  return {
    name: edgeName(args.sessionId),
    driver: "bridge",
    internal: false,
    options: { "com.docker.network.bridge.enable_icc": "false", "com.docker.network.bridge.enable_ip_masquerade": "true" },
    labels: dockerLabels(proxyLabels(args)),
  };
}

/** The provider's inputs for the proxy, held to the same baseline as a session. */
export function toProxyContainer(args: EgressProxyArgs, access = directAccess) {
  const { sessionId, network, ports = [] } = args;
  return {
    name: proxyName(sessionId),
    image: args.image,
    hostname: proxyAlias,
    // The user that Debian's Squid runs as.
    user: "13:13",
    entrypoints: [...baseline.init, "/usr/local/bin/proxy-entrypoint"],
    envs: [
      `EGRESS_RULES=${toRules(args)}`,
      ...(ports.length > 0 ? [`FORWARDED_PORTS=${toForwards(args)}`] : []),
      ...Object.entries(access.environment).map(([key, value]) => `${key}=${value}`),
    ],
    labels: dockerLabels({
      ...proxyLabels(args),
      pids_limit: String(processes),
      egress: args.mode ?? "enforce",
      // By which a plan shows that it changes.
      ...(args.download !== undefined && { download_limit: String(args.download) }),
      authority: [...egressAuthority(args), ...access.authority].join("\n"),
    }),
    readOnly: baseline.readOnlyRootFilesystem,
    capabilities: { drops: [...baseline.capabilities.drop] },
    securityOpts: securityOpts(),
    ipcMode: "private",
    memory,
    memorySwap: memory,
    cpus: "1.0",
    ulimits: [{ name: "nofile", soft: openFiles, hard: openFiles }],
    ...(access.mounts.length > 0 && { mounts: toVolumesAndBinds(access.mounts) }),
    tmpfs: { "/run": "rw,noexec,nosuid,nodev,size=1048576,mode=0700,uid=13,gid=13" },
    networksAdvanced: [{ name: network.name, aliases: [proxyAlias] }, { name: edgeName(sessionId) }],
    ...((args.dns?.length ?? 0) > 0 && { dns: [...(args.dns ?? [])] }),
    ...(ports.length > 0 && { dnsOpts: [...forwardDnsOptions], ...toDockerPorts(ports) }),
    healthcheck: { tests: ["CMD", "/usr/local/bin/proxy-health"], interval: "30s", timeout: "10s", startPeriod: "10s", retries: 3 },
    restart: baseline.restart,
    logDriver: "json-file",
    logOpts: { "max-size": "10m", "max-file": "5" },
    wait: false,
    mustRun: true,
    destroyGraceSeconds: 3,
  };
}

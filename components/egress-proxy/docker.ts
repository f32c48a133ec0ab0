import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { toOpenNetwork } from "../container-engine/companion.ts";
import { toHardened, toLogs, toService } from "../container-engine/hardened.ts";
import { limitedProcesses } from "../container-engine/hooks.ts";
import { secretFiles } from "../container-engine/secret-file.ts";
import { toDockerPorts } from "../isolated-network/docker.ts";
import { type MadePart, type Service, userOf } from "../session-part.ts";
import { containerName, edgeName, proxyAlias } from "../session.ts";
import type { EgressProxyArgs } from "./args.ts";
import { ownerLabels, proxyLabels, proxyLogs } from "./labels.ts";
import { egressPart, egressProxy } from "./part.ts";

/**
 * Keeps the engine from asking others for names without a dot. While there is no session, they may answer with any address, and
 * what is meant for the session would be carried there.
 */
const forwardDnsOptions: readonly string[] = ["ndots:1"];

/**
 * The proxy of one session: the only other member of the session's sealed network, and alone in having a way out. The ports that
 * the session publishes are published on it, and carried to the session. A changed list or port replaces it and leaves the
 * session's container as it is; while there is none, nothing gets out or in.
 */
export class EgressProxy extends pulumi.ComponentResource {
  /** Its replacement does not replace the session. */
  readonly part: MadePart;

  constructor(name: string, args: EgressProxyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:EgressProxy", name, {}, opts);
    const proxy = egressProxy(args);
    // One way out for each proxy: a network of the size that many sessions need would hold few of them.
    const edge = new docker.Network(`${name}-edge`, toOpenNetwork(edgeName(args.sessionId), ownerLabels(args)), {
      parent: this,
      deleteBeforeReplace: true,
    });
    const of = { container: proxy.name, image: args.image, labels: { ...ownerLabels(args), kind: "parent-proxy" } };
    const login = secretFiles(`${name}-proxy`, proxy.mounts, of, { parent: this });
    // Squid reads the login once.
    const first = [...args.network.resources, edge, ...[...login.values()].flat()];
    const container = new docker.Container(`${name}-proxy`, toDocker(args, proxy), {
      parent: this,
      dependsOn: first,
      replaceWith: first,
      deleteBeforeReplace: true,
      hooks: limitedProcesses(this),
    });
    this.part = { ...egressPart(args), resources: [container] };
    this.registerOutputs({ authority: this.part.authority });
  }
}

/** The provider's inputs for the proxy, held to the same baseline as a session. */
function toDocker(args: EgressProxyArgs, proxy: Service) {
  const { sessionId, dns = [], ports = [] } = args;
  const { openFiles } = proxy.limits;
  const { mounts, ...hardened } = toHardened({
    ...proxy,
    user: userOf(proxy),
    labels: proxyLabels(args),
  });
  return {
    ...hardened,
    // None is not no mounts to the provider.
    ...(mounts.length > 0 && { mounts }),
    hostname: proxyAlias,
    ...(openFiles !== undefined && { ulimits: [{ name: "nofile", soft: openFiles, hard: openFiles }] }),
    networksAdvanced: [{ name: containerName(sessionId), aliases: [proxyAlias] }, { name: edgeName(sessionId) }],
    ...(dns.length > 0 && { dns: [...dns] }),
    ...(ports.length > 0 && { dnsOpts: [...forwardDnsOptions], ...toDockerPorts(ports) }),
    ...toService(proxy.health),
    ...toLogs(args.logs, proxyLogs),
    destroyGraceSeconds: 3,
  };
}

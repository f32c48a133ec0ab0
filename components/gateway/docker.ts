import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { toHardened, toLogs, toService } from "../container-engine/hardened.ts";
import { limitedProcesses } from "../container-engine/hooks.ts";
import { stackLabels } from "../container-engine/object-labels.ts";
import { ownVolumes } from "../container-engine/own-volume.ts";
import { secretFiles } from "../container-engine/secret-file.ts";
import { toDockerPorts } from "../isolated-network/docker.ts";
import { type Service, userOf } from "../session-part.ts";
import type { ServiceNetwork } from "../supervisor/docker.ts";
import { entrance, type GatewayArgs, gatewayAuthority, gatewayPublished, gatewayUrl } from "./args.ts";
import { gateway } from "./gateway.ts";

export interface DockerGatewayArgs extends GatewayArgs {
  /** What it is published by. */
  readonly network: ServiceNetwork;
  /** What is behind it is on. */
  readonly closed: ServiceNetwork;
}

/** The one entrance of a server. Another configuration or secret replaces it; the certificate that it has made stays. */
export class Gateway extends pulumi.ComponentResource {
  /** What is open to everybody, and which secrets it takes. */
  readonly authority: readonly string[];

  constructor(name: string, args: DockerGatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:Gateway", name, {}, opts);
    const service = gateway(args);
    const { mounts } = service;
    const labels = { ...stackLabels(args), kind: service.kind };
    const parent = { parent: this };
    const of = { container: service.name, image: service.image, labels };
    const volumes = ownVolumes(name, mounts, of, this);
    const files = secretFiles(name, mounts, of, parent);
    // It reads all of them when it starts.
    const first = [...args.network.resources, ...args.closed.resources, ...volumes, ...[...files.values()].flat()];
    new docker.Container(entrance, toDocker(service, args, labels), {
      ...parent,
      dependsOn: first,
      replaceWith: first,
      deleteBeforeReplace: true,
      hooks: limitedProcesses(this),
    });
    this.authority = gatewayAuthority(args);
    this.registerOutputs({ authority: this.authority });
  }
}

/** The provider's inputs. */
function toDocker(service: Service, args: DockerGatewayArgs, labels: Readonly<Record<string, string>>) {
  return {
    ...toHardened({ ...service, user: userOf(service), labels: { ...labels, url: gatewayUrl(args.names) } }),
    hostname: "gateway",
    networksAdvanced: [args.network, args.closed].map(({ name }) => ({ name, aliases: ["gateway"] })),
    // Names on the network are found, and no other: a look-up would be a way out.
    dns: [...baseline.sealedDns],
    dnsOpts: [...baseline.sealedDnsOptions],
    ...toDockerPorts(gatewayPublished(args)),
    ...toService(service.health),
    ...toLogs(args.logs),
    destroyGraceSeconds: 3,
  };
}

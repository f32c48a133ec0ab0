import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { toBridge } from "../container-engine/bridge.ts";
import { toHardened, toLogs, toService } from "../container-engine/hardened.ts";
import { limitedProcesses } from "../container-engine/hooks.ts";
import type { EngineKind } from "../container-engine/kind.ts";
import { volumeOf } from "../container-engine/mounts.ts";
import { dockerLabels, stackLabels } from "../container-engine/object-labels.ts";
import { ownVolume } from "../container-engine/own-volume.ts";
import { engineOf } from "../container-engine/provider.ts";
import { toDockerPorts } from "../isolated-network/docker.ts";
import { type MadePart, type Mount, userOf } from "../session-part.ts";
import {
  type DevServiceArgs,
  devService,
  devServiceAuthority,
  devServiceNetwork,
  devServicePart,
  devServicePort,
  devServices,
} from "./args.ts";

/** PostgreSQL or Redis of a stack. Its data outlives the stack as a workspace does. */
export class DevService extends pulumi.ComponentResource {
  /** Of each session that lists it. */
  readonly part: MadePart;
  /** Where it is open. */
  readonly authority: readonly string[];

  constructor(name: string, args: DevServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:DevService", name, {}, opts);
    const { mounts } = devService(args);
    const parent = { parent: this };
    const network = new docker.Network(`${name}-network`, toServiceNetwork(args), { ...parent, deleteBeforeReplace: true });
    const volumes = mounts.flatMap((mount) => this.#volume(name, args, mount));
    const first = [network, ...volumes];
    const container = new docker.Container(`${name}-container`, toDocker(args, engineOf(this)), {
      ...parent,
      dependsOn: first,
      replaceWith: first,
      deleteBeforeReplace: true,
      hooks: limitedProcesses(this),
    });
    this.part = { ...devServicePart(args), resources: [container] };
    this.authority = devServiceAuthority(args);
    this.registerOutputs({ authority: this.authority });
  }

  #volume(name: string, args: DevServiceArgs, { source }: Mount): docker.Volume[] {
    const volume = volumeOf(source, devService(args).name);
    if (volume === undefined) return [];
    const kept = source.kind === "persistent";
    // What sessions may see is told from what they may not.
    const labels = { ...labelsOf(args), ...(kept && { kind: `${args.service}-${source.name}` }) };
    return [ownVolume(`${name}-${kept ? source.name : "handed"}`, { volume, labels, isKept: kept }, this)];
  }
}

const labelsOf = (args: DevServiceArgs) => ({ ...stackLabels(args), kind: args.service });

/** The provider's inputs for the network by which it is published: nobody on it gets out, and nobody else is on it. */
function toServiceNetwork(args: DevServiceArgs) {
  return { ...toBridge(devServiceNetwork(args), { leads: "in", talking: false }), labels: dockerLabels(labelsOf(args)) };
}

/** The provider's inputs for the server. */
function toDocker(args: DevServiceArgs, engine: EngineKind) {
  const service = devService(args);
  const { address, host } = devServicePort(args);
  const url = `${devServices[args.service].scheme}://${address}:${host}/`;
  return {
    ...toHardened({ ...service, user: userOf(service), labels: { ...labelsOf(args), url }, engine }),
    hostname: args.service,
    networksAdvanced: [{ name: devServiceNetwork(args) }],
    dns: [...baseline.sealedDns],
    dnsOpts: [...baseline.sealedDnsOptions],
    ...toDockerPorts([devServicePort(args)]),
    ...toService(service.health),
    ...toLogs(args.logs),
    // It writes down what it has in memory.
    destroyGraceSeconds: 30,
  };
}

import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { toBridge } from "../container-engine/bridge.ts";
import { DockerCompanion } from "../container-engine/companion.ts";
import { toHardened, toLogs, toService } from "../container-engine/hardened.ts";
import { limitedProcesses } from "../container-engine/hooks.ts";
import { dockerLabels, stackLabels } from "../container-engine/object-labels.ts";
import { secretFiles } from "../container-engine/secret-file.ts";
import { toDockerPorts } from "../isolated-network/docker.ts";
import { type Service, userOf } from "../session-part.ts";
import { type Owner, type Port, portAuthority } from "../session.ts";
import {
  closedNetwork,
  engineReader,
  monitoringNetwork,
  type SupervisorArgs,
  supervisor,
  supervisorAlias,
  supervisorPort,
} from "./args.ts";

export interface DockerSupervisorArgs extends SupervisorArgs {
  /** Where the engine listens, on its own machine: a socket's path. */
  readonly engineSocket: string;
}

/** A network that others join. */
export interface ServiceNetwork {
  readonly name: string;
  readonly resources: readonly pulumi.Resource[];
}

/** The supervisor of one stack, the reader by way of which it asks the engine, and the network of what reads its figures. */
export class Supervisor extends pulumi.ComponentResource {
  /** What else serves the stack, and is published, joins it. */
  readonly network: ServiceNetwork;
  /** What is reached by way of a gateway alone joins it instead. @default there is none */
  readonly closed: ServiceNetwork | undefined;
  /** Where figures are on that network: host, port and path. */
  readonly metrics = { host: supervisorAlias, port: supervisorPort, path: "/metrics" } as const;
  /** What of the machine is open to it. */
  readonly authority: readonly string[];

  constructor(name: string, args: DockerSupervisorArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:Supervisor", name, {}, opts);
    const network = new docker.Network(`${name}-network`, toMonitoringNetwork(args), { parent: this, deleteBeforeReplace: true });
    const closed = args.closed
      ? new docker.Network(`${name}-closed`, toClosedNetwork(args), { parent: this, deleteBeforeReplace: true })
      : undefined;
    const networks = [network, ...(closed === undefined ? [] : [closed])];
    const reader = engineReader(args, args.engineSocket);
    const { resources } = new DockerCompanion(
      "EngineReader",
      `${name}-engine-reader`,
      reader,
      { labels: stackLabels(args), logs: args.logs },
      { parent: this },
    );
    const service = supervisor(args);
    const of = { container: service.name, image: args.image, labels: labelsOf(args) };
    const files = secretFiles(name, service.mounts, of, { parent: this });
    new docker.Container(`${name}-container`, toDocker(args, service), {
      parent: this,
      dependsOn: [...networks, ...resources, ...[...files.values()].flat()],
      replaceWith: networks,
      deleteBeforeReplace: true,
      hooks: limitedProcesses(this),
    });
    this.network = { name: monitoringNetwork(args), resources: [network] };
    this.closed = closed && { name: closedNetwork(args), resources: [closed] };
    this.authority = [
      `supervisor: ${portAuthority(portOf(args))}`,
      `engine reader: the container engine at ${args.engineSocket}, of which it hands on what the supervisor may know of this stack`,
    ];
    this.registerOutputs({ authority: this.authority });
  }
}

/** The provider's inputs for the network. An internal one would publish no port. */
const toMonitoringNetwork = (owner: Owner) => ({
  ...toBridge(monitoringNetwork(owner), { leads: "in", talking: true }),
  labels: networkLabels(owner),
});

/**
 * The provider's inputs for the closed network. Whether what is on a bridge is published or not, an engine before 28 may let a
 * machine's neighbours reach it at its own address; into one that leads nowhere it lets nobody.
 */
const toClosedNetwork = (owner: Owner) => ({
  ...toBridge(closedNetwork(owner), { leads: "nowhere", talking: true }),
  labels: networkLabels(owner),
});

const networkLabels = (owner: Owner) => dockerLabels({ ...stackLabels(owner), kind: "monitoring" });

/** For this machine alone: the supervisor answers nobody whose address is of another network than its own. */
const portOf = ({ port = supervisorPort }: SupervisorArgs): Port => ({
  container: supervisorPort,
  host: port,
  address: baseline.publishAddress,
  protocol: "tcp",
});

const labelsOf = (owner: Owner) => ({ ...stackLabels(owner), kind: "supervisor" });

/** The provider's inputs for the supervisor. */
function toDocker(args: SupervisorArgs, service: Service) {
  return {
    ...toHardened({ ...service, user: userOf(service), labels: labelsOf(args) }),
    hostname: supervisorAlias,
    networksAdvanced: [monitoringNetwork(args), ...(args.closed ? [closedNetwork(args)] : [])].map((name) => ({
      name,
      aliases: [supervisorAlias],
    })),
    // Names on the network are found, and no other: a look-up would be a way out.
    dns: [...baseline.sealedDns],
    dnsOpts: [...baseline.sealedDnsOptions],
    ...toDockerPorts([portOf(args)]),
    ...toService(service.health),
    ...toLogs(args.logs),
    // It ends at once, and has nothing to keep.
    destroyGraceSeconds: 3,
  };
}

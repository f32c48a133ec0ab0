import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { toOpenNetwork } from "../container-engine/companion.ts";
import { toHardened, toLogs, toService } from "../container-engine/hardened.ts";
import { limitedProcesses } from "../container-engine/hooks.ts";
import { stackLabels } from "../container-engine/object-labels.ts";
import { ownVolumes } from "../container-engine/own-volume.ts";
import { secretFiles } from "../container-engine/secret-file.ts";
import { toDockerPorts } from "../isolated-network/docker.ts";
import { userOf } from "../session-part.ts";
import { serviceName } from "../session.ts";
import type { ServiceNetwork } from "../supervisor/docker.ts";
import { alertmanager } from "./alertmanager.ts";
import { type MonitoringArgs, monitoringAuthority, type MonitoringName, type MonitoringService, publishedPort } from "./args.ts";
import { grafana } from "./grafana.ts";
import { prometheus } from "./prometheus.ts";

export interface DockerMonitoringArgs extends MonitoringArgs {
  /** What the supervisor is on. */
  readonly network: ServiceNetwork;
  /** Where those that are published are too. @default the same */
  readonly publishing?: ServiceNetwork;
}

/**
 * Prometheus, Alertmanager and, where there is an image of it, Grafana. A changed configuration replaces the one that reads it;
 * what they keep is in volumes that outlive them, and go with the stack.
 */
export class Monitoring extends pulumi.ComponentResource {
  /** What is open to them, and whom they tell. */
  readonly authority: readonly string[];
  /** Which of them there are. */
  readonly services: readonly MonitoringName[];

  constructor(name: string, args: DockerMonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:Monitoring", name, {}, opts);
    const told = alertmanager(args);
    const services = [prometheus(args), ...(args.images.grafana === undefined ? [] : [grafana(args, args.images.grafana)])];
    // What is told while nobody listens is told again later than need be.
    const first = this.#make(told, args, []);
    for (const service of services) this.#make(service, args, [first]);
    this.authority = monitoringAuthority(args, [...services, told]);
    this.services = [...services, told].map(({ kind }) => kind).sort();
    this.registerOutputs({ authority: this.authority });
  }

  #make(service: MonitoringService, args: DockerMonitoringArgs, after: readonly pulumi.Resource[]): pulumi.Resource {
    const { kind, mounts } = service;
    const parent = { parent: this };
    const labels = { ...stackLabels(args), kind };
    const of = { container: service.name, image: service.image, labels };
    const volumes = ownVolumes(kind, mounts, of, this);
    const files = secretFiles(kind, mounts, of, parent);
    const out =
      service.reaches === "any host"
        ? [new docker.Network("alerts-network", toOpenNetwork(alertsNetwork(args), labels), { ...parent, deleteBeforeReplace: true })]
        : [];
    // Secrets are read anew whenever something is sent.
    const first = [...args.network.resources, ...(args.publishing?.resources ?? []), ...volumes, ...out, ...(files.get("settings") ?? [])];
    return new docker.Container(`${kind}-container`, toDocker(service, args, labels), {
      ...parent,
      dependsOn: [...after, ...first, ...[...files.values()].flat()],
      replaceWith: first,
      deleteBeforeReplace: true,
      hooks: limitedProcesses(this),
    });
  }
}

/**
 * An image of others', which is there before its container. It is left on the engine.
 *
 * @returns its local id: by any other name the provider would replace the container again and again
 */
export const pulledImage = (name: MonitoringName, image: string, opts: pulumi.ComponentResourceOptions): pulumi.Output<string> =>
  new docker.RemoteImage(`${name}-image`, { name: image, keepLocally: true }, opts).imageId;

/** The network by which alerts leave. Its name comes before that of the other one, so that the engine takes it for the way out. */
const alertsNetwork = (args: MonitoringArgs): string => serviceName(args, "alerts");

/** The provider's inputs for a service. */
function toDocker(service: MonitoringService, args: DockerMonitoringArgs, labels: Readonly<Record<string, string>>) {
  const { kind, program, reaches, health } = service;
  const port = publishedPort(args, service);
  return {
    ...toHardened({ ...service, user: userOf(service), labels }),
    // Official images have no init process; the engine has one.
    entrypoints: [...program],
    init: true,
    hostname: kind,
    networksAdvanced: [
      { name: args.network.name, aliases: [kind] },
      ...(port === undefined || args.publishing === undefined ? [] : [{ name: args.publishing.name }]),
      ...(reaches === "any host" ? [{ name: alertsNetwork(args) }] : []),
    ],
    ...toDockerPorts(port === undefined ? [] : [port]),
    ...toService(health),
    ...toLogs(args.logs),
    // Prometheus writes down what it has in memory.
    destroyGraceSeconds: 30,
  };
}

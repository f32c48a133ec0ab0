import type Docker from "dockerode";
import type { Identity } from "../identity.ts";
import type { InspectedService } from "../../components/swarm/inspected.ts";
import { ignore } from "../../components/container-engine/answers.ts";
import { labelNames } from "../../components/container-engine/object-labels.ts";
import { inputsNow } from "./drift.ts";
import { unpackInputs } from "./labels.ts";
import type { Properties } from "../recorder/program.ts";

export type ObjectKind = "container" | "service" | "network" | "secret" | "config" | "volume";

/** The provider's type for each kind of object. */
export const resourceTypes = {
  "docker:index/container:Container": "container",
  "docker:index/service:Service": "service",
  "docker:index/network:Network": "network",
  "docker:index/secret:Secret": "secret",
  "docker:index/serviceConfig:ServiceConfig": "config",
  "docker:index/volume:Volume": "volume",
} as const satisfies Record<string, ObjectKind>;

/** Whether something of the kind runs, by itself or as Swarm has it. */
export const isRun = (kind: ObjectKind): boolean => kind === "container" || kind === "service";

export const imageType = "docker:index/image:Image";
export const remoteImageType = "docker:index/remoteImage:RemoteImage";

export const isImage = (type: string): boolean => type === imageType || type === remoteImageType;

/** What the engine labels the containers of services with. */
const taskLabel = "com.docker.swarm.task.id";

/** One object of the engine, ours or not. */
export interface LiveObject {
  readonly kind: ObjectKind;
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** URN of the resource it was made for; none when another engine or a stranger made it. */
  readonly urn?: string;
  /** The inputs it was made from. */
  readonly inputs?: Properties;
  /** A container's state: `running`, `exited`, `created` … A service's: `running`, or `stopped` where it is to have no task. */
  readonly state?: string;
  /** The exit code of a container that has ended. */
  readonly exitCode?: number;
  /** Names of the volumes that a container or a service mounts. */
  readonly volumes?: readonly string[];
  /** Options of a volume's driver; a bind in disguise has some. */
  readonly options?: Readonly<Record<string, string>>;
  /** A volume's driver. */
  readonly driver?: string;
  /** Another text as soon as a service is another one. */
  readonly version?: string;
  /** When it was made, as the engine says; milliseconds since 1970. */
  readonly made?: number;
}

/** What the engine holds, by kind and name, whoever made it. */
export interface Live {
  readonly objects: readonly LiveObject[];
  /** Those that belong to the deployment. */
  readonly own: readonly LiveObject[];
  find(kind: ObjectKind, name: string): LiveObject | undefined;
}

/** Reads what the engine holds, in six requests however much that is. */
export async function readLive(docker: Docker, identity: Identity): Promise<Live> {
  const [containers, networks, { Volumes: volumes }, services, secrets, configs] = await Promise.all([
    docker.listContainers({ all: true }),
    docker.listNetworks(),
    docker.listVolumes(),
    ofSwarm(docker.listServices()) as Promise<InspectedService[]>,
    ofSwarm(docker.listSecrets()),
    ofSwarm(docker.listConfigs()),
  ]);
  const objects: LiveObject[] = [
    // What a service has started comes and goes with it.
    ...containers
      .filter(({ Labels }) => Labels?.[taskLabel] === undefined)
      .map((container) => ({
        ...describe("container", container.Id, (container.Names[0] ?? "").slice(1), container.Labels),
        state: container.State,
        ...exitCodeOf(container.Status),
        made: container.Created * 1000,
        volumes: container.Mounts.flatMap((mount) => (mount.Type === "volume" && mount.Name ? [mount.Name] : [])),
      })),
    ...services.map(({ ID, Spec, CreatedAt, Version }) => ({
      ...describe("service", ID, Spec.Name, Spec.Labels),
      version: String(Version.Index),
      ...serviceState(Spec),
      ...madeAt(CreatedAt),
    })),
    ...secrets.map(({ ID, Spec, CreatedAt }) => ({ ...describe("secret", ID, Spec?.Name ?? "", Spec?.Labels), ...madeAt(CreatedAt) })),
    ...configs.map(({ ID, Spec, CreatedAt }) => ({ ...describe("config", ID, Spec?.Name ?? "", Spec?.Labels), ...madeAt(CreatedAt) })),
    ...networks.map((network) => ({ ...describe("network", network.Id, network.Name, network.Labels), ...madeAt(network.Created) })),
    ...(volumes ?? []).map((volume) => ({
      ...describe("volume", volume.Name, volume.Name, volume.Labels),
      options: volume.Options ?? {},
      driver: volume.Driver,
      // The client library does not declare it.
      ...madeAt((volume as { CreatedAt?: string }).CreatedAt),
    })),
  ];
  return liveOf(objects, identity);
}

/** An engine that manages no swarm has none; Podman knows no such thing. */
const ofSwarm = <Listed>(listed: Promise<Listed[]>): Promise<Listed[]> =>
  listed.catch((error: unknown) => {
    ignore(404, 405, 503)(error);
    return [];
  });

/** As {@link readLive}, and own containers as they are now, whatever was done to them by hand; a request for each. */
export async function readChanged(docker: Docker, identity: Identity): Promise<Live> {
  const { objects, own } = await readLive(docker, identity);
  const ours = new Set(own);
  const now = async (object: LiveObject): Promise<LiveObject> => {
    const { kind, id, inputs } = object;
    if (kind !== "container" || inputs === undefined || !ours.has(object)) return object;
    // One that has gone since it was listed is as it was.
    const inspected = await docker.getContainer(id).inspect().catch(ignore(404));
    return inspected ? { ...object, inputs: inputsNow(inputs, inspected) } : object;
  };
  return liveOf(await Promise.all(objects.map(now)), identity);
}

/** An engine that holds nothing, for a plan without one. */
export function emptyLive(identity: Identity): Live {
  return liveOf([], identity);
}

function liveOf(objects: readonly LiveObject[], identity: Identity): Live {
  const byName = new Map(objects.map((object) => [`${object.kind}/${object.name}`, object]));
  return {
    objects,
    own: objects.filter((object) => object.labels[labelNames.deployment] === identity.deployment),
    find: (kind, name) => byName.get(`${kind}/${name}`),
  };
}

function describe(kind: ObjectKind, id: string, name: string, labels: Readonly<Record<string, string>> | null | undefined): LiveObject {
  const urn = labels?.[labelNames.resource];
  const inputs = unpackInputs(labels?.[labelNames.inputs]);
  return { kind, id, name, labels: labels ?? {}, ...(urn !== undefined && { urn }), ...(inputs !== undefined && { inputs }) };
}

function serviceState({ Mode, TaskTemplate }: InspectedService["Spec"]): Pick<LiveObject, "state" | "volumes"> {
  const { ContainerSpec } = TaskTemplate as Docker.ContainerTaskSpec;
  return {
    state: Mode?.Replicated?.Replicas === 0 ? "stopped" : "running",
    volumes: (ContainerSpec?.Mounts ?? []).flatMap(({ Type, Source }) => (Type === "volume" && Source ? [Source] : [])),
  };
}

function madeAt(time: string | undefined): { made?: number } {
  const made = Date.parse(time ?? "");
  return Number.isNaN(made) ? {} : { made };
}

/** The engine's list says it only in words: `Exited (137) 3 minutes ago`. */
function exitCodeOf(status: string): { exitCode?: number } {
  const code = /^Exited \((\d+)\)/.exec(status)?.[1];
  return code === undefined ? {} : { exitCode: Number(code) };
}

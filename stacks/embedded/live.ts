import type Docker from "dockerode";
import type { Identity } from "../identity.ts";
import { labelNames } from "../../components/container-engine/object-labels.ts";
import { unpackInputs } from "./labels.ts";
import type { Properties } from "../recorder/program.ts";

export type ObjectKind = "container" | "network" | "volume";

/** The provider's type for each kind of object. */
export const resourceTypes = {
  "docker:index/container:Container": "container",
  "docker:index/network:Network": "network",
  "docker:index/volume:Volume": "volume",
} as const satisfies Record<string, ObjectKind>;

export const imageType = "docker:index/image:Image";
export const remoteImageType = "docker:index/remoteImage:RemoteImage";

export const isImage = (type: string): boolean => type === imageType || type === remoteImageType;

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
  /** A container's state: `running`, `exited`, `created` … */
  readonly state?: string;
  /** The exit code of a container that has ended. */
  readonly exitCode?: number;
  /** Names of the volumes that a container mounts. */
  readonly volumes?: readonly string[];
  /** Options of a volume's driver; a bind in disguise has some. */
  readonly options?: Readonly<Record<string, string>>;
}

/** What the engine holds, by kind and name, whoever made it. */
export interface Live {
  readonly objects: readonly LiveObject[];
  /** Those that belong to the deployment. */
  readonly own: readonly LiveObject[];
  find(kind: ObjectKind, name: string): LiveObject | undefined;
}

/** Reads what the engine holds, in three requests however much that is. */
export async function readLive(docker: Docker, identity: Identity): Promise<Live> {
  const [containers, networks, { Volumes: volumes }] = await Promise.all([
    docker.listContainers({ all: true }),
    docker.listNetworks(),
    docker.listVolumes(),
  ]);
  const objects: LiveObject[] = [
    ...containers.map((container) => ({
      ...describe("container", container.Id, (container.Names[0] ?? "").slice(1), container.Labels),
      state: container.State,
      ...exitCodeOf(container.Status),
      volumes: container.Mounts.flatMap((mount) => (mount.Type === "volume" && mount.Name ? [mount.Name] : [])),
    })),
    ...networks.map((network) => describe("network", network.Id, network.Name, network.Labels)),
    ...(volumes ?? []).map((volume) => ({ ...describe("volume", volume.Name, volume.Name, volume.Labels), options: volume.Options ?? {} })),
  ];
  return liveOf(objects, identity);
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

/** The engine's list says it only in words: `Exited (137) 3 minutes ago`. */
function exitCodeOf(status: string): { exitCode?: number } {
  const code = /^Exited \((\d+)\)/.exec(status)?.[1];
  return code === undefined ? {} : { exitCode: Number(code) };
}

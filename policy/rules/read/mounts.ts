import { type DriverVolume, driverMount, driverVolume, driverVolumesOf } from "./driver-volumes.ts";
import { once } from "./once.ts";
import { normalPath } from "./paths.ts";
import type { Subject } from "./subject.ts";
import { each, flag, record, records, text } from "./value.ts";
import type { Container, Workload } from "./workload.ts";

/** What a container finds at one of its paths. */
export interface Mount {
  /** Path in the container, normalised; empty where the platform names it elsewhere. */
  readonly target: string;
  readonly readOnly: boolean;
  /** Name of the volume, or path on the host. */
  readonly source: string;
}

/** A host path that a container can reach, normalised. */
export interface HostPath {
  readonly path: string;
  readonly title: string;
  /** Whether it is certain that it cannot be written to. */
  readonly readOnly: boolean;
}

type Find = (path: string, readOnly?: unknown) => HostPath;

/** Every host path that a container of this workload can reach, also through volumes that are mounts in disguise. */
export const hostPathsOf = once(function* (workload: Workload): Iterable<HostPath> {
  const { platform, spec, title } = workload;
  yield* each(driverVolumesOf(workload), behindDriver);
  const found: Find = (path, readOnly) => ({ path: normalPath(path), title, readOnly: flag(readOnly) ?? false });
  if (platform === "docker") {
    for (const volume of records(spec.volumes)) {
      const hostPath = text(volume.hostPath);
      if (hostPath) yield found(hostPath, volume.readOnly);
      const name = text(volume.volumeName) ?? "";
      if (isPath(name)) yield found(name, volume.readOnly);
    }
    yield* fromMounts(spec.mounts, found);
  } else if (platform === "swarm") yield* fromMounts(record(record(spec.taskSpec).containerSpec).mounts, found);
  else if (platform === "kubernetes") {
    for (const volume of records(spec.volumes)) {
      // A hostDisk is KubeVirt's: a file of the node that a virtual machine has as a disk.
      for (const source of [volume.hostPath, volume.hostDisk]) {
        const path = text(record(source).path);
        if (path) yield found(path);
      }
    }
  } else {
    for (const volume of records(spec.volumes)) {
      const path = text(volume.hostPath) ?? text(record(volume.host).sourcePath);
      if (path) yield found(path);
    }
  }
});

function* behindDriver(volume: DriverVolume): Iterable<HostPath> {
  const { title, readOnly } = volume;
  for (const path of driverMount(volume).paths) yield { path, title, readOnly };
}

/** Host paths that a volume resource stands for. */
export function* hostPathsOfVolume(subject: Subject): Iterable<HostPath> {
  const found = (path: string): HostPath => ({
    path: normalPath(path),
    title: `volume "${subject.name}"`,
    readOnly: false,
  });
  if (subject.kind === "docker:Volume") yield* behindDriver(driverVolume(subject));
  if (subject.kind === "kubernetes:PersistentVolume") {
    const spec = record(subject.props.spec);
    for (const path of [text(record(spec.hostPath).path), text(record(spec.local).path)]) if (path) yield found(path);
  }
}

/** Kinds for which {@link hostPathsOfVolume} finds something. */
export const volumeKinds = ["docker:Volume", "kubernetes:PersistentVolume"] as const;

const isPath = (source: string): boolean => /^([/\\~.]|[A-Za-z]:[\\/])/.test(source);

function* fromMounts(mounts: unknown, found: Find): Iterable<HostPath> {
  for (const mount of records(mounts)) {
    const source = text(mount.source) ?? "";
    const type = (text(mount.type) ?? "").toLowerCase();
    if (source !== "" && (type === "bind" || type === "npipe" || isPath(source))) yield found(source, mount.readOnly);
  }
}

/** Everything a container mounts. */
export function* mountsOf(container: Container): Iterable<Mount> {
  const { platform, spec } = container;
  const mount = (target: unknown, source: unknown, readOnly: unknown): Mount => ({
    target: normalPath(text(target) ?? ""),
    source: text(source) ?? "",
    readOnly: flag(readOnly) ?? false,
  });
  if (platform === "docker")
    for (const volume of records(spec.volumes)) yield mount(volume.containerPath, volume.hostPath ?? volume.volumeName, volume.readOnly);
  if (platform === "docker" || platform === "swarm") for (const m of records(spec.mounts)) yield mount(m.target, m.source, m.readOnly);
  else if (platform === "kubernetes") for (const m of records(spec.volumeMounts)) yield mount(m.mountPath, m.name, m.readOnly);
  else for (const m of records(spec.mountPoints)) yield mount(m.containerPath, m.sourceVolume, m.readOnly);
}

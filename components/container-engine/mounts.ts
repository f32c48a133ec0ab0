import { authVolumeName, type AuthFile, fetchedName, volumeName } from "../session.ts";
import type { Mount, MountSource } from "../session-part.ts";
import type { EngineKind } from "./kind.ts";

/** What a carrier brings to where it is read. */
export type CarriedFiles = Extract<MountSource, { kind: "secret" | "files" }>;

/** Where a secret's or a configuration's files lie: their volume, and the container that brings them there. */
export interface SecretPlace {
  readonly volume: string;
  readonly carrier: string;
}

/**
 * Where such files lie. A session's credentials have a volume for each form, so that a secret of another form leaves
 * nothing of the one before it.
 *
 * @param of the name of the container that reads them
 */
export function secretPlace(source: CarriedFiles, of: string): SecretPlace {
  const stem = `${of}-${source.name}`;
  if (source.kind === "files" || source.name !== "auth") return { volume: stem, carrier: stem };
  const [file] = Object.keys(source.files.reveal()) as [AuthFile];
  return { volume: authVolumeName(stem, file), carrier: stem };
}

/** The volume that a container sees; none where it sees memory or a folder of the host. @param of the container's name */
export function volumeOf(source: MountSource, of: string): string | undefined {
  switch (source.kind) {
    case "persistent":
      return volumeName(of, source.name);
    case "shared":
      return source.name;
    case "companion":
      return source.leaves === "socket" ? source.companion : fetchedName(source.companion);
    case "secret":
    case "files":
      return secretPlace(source, of).volume;
    default:
      return undefined;
  }
}

/** The provider's inputs for volumes and folders of the host. @param of the container's name */
export function toVolumesAndBinds(mounts: readonly Mount[], of: string) {
  return mounts.flatMap(({ source, target, readOnly }) => {
    if (source.kind === "host") return [{ type: "bind", source: source.path, target, readOnly, bindOptions: { propagation: "rprivate" } }];
    const volume = volumeOf(source, of);
    return volume === undefined ? [] : [{ type: "volume", source: volume, target, readOnly }];
  });
}

/**
 * The provider's inputs for what is memory. Podman knows no owner by number: what it calls U gives the memory to who runs there.
 * It mounts memory on two folders of each root that is read-only, unless something is mounted there.
 *
 * @param owner the uid and gid of what belongs to who runs there
 */
export function toTmpfs(
  mounts: readonly Mount[],
  [uid, gid]: readonly [uid: number, gid: number],
  engine: EngineKind,
): Record<string, string> {
  const owner = engine === "podman" ? ["U"] : [`uid=${uid}`, `gid=${gid}`];
  const kept = engine === "podman" ? ["/run", "/var/tmp"].map((folder) => [folder, "ro,noexec,nosuid,nodev,size=4096"]) : [];
  const memory = Object.fromEntries(
    mounts.flatMap(({ source, target }) => {
      if (source.kind !== "memory") return [];
      const { size, exec, mode, owned } = source;
      const options = ["rw", exec ? "exec" : "noexec", "nosuid", "nodev", `size=${size}`, `mode=${mode}`];
      return [[target, [...options, ...(owned ? owner : [])].join(",")]];
    }),
  );
  return { ...Object.fromEntries(kept), ...memory };
}

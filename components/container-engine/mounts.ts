import { authVolumeName, type AuthFile, fetchedName, volumeName } from "../session.ts";
import type { Mount, MountSource } from "../session-part.ts";

/** Where a secret's files lie: their volume, and the container that brings them there. */
export interface SecretPlace {
  readonly volume: string;
  readonly carrier: string;
}

/**
 * Where the files of a secret lie. A session's credentials have a volume for each form, so that a secret of another form leaves
 * nothing of the one before it.
 *
 * @param of the name of the container that reads them
 */
export function secretPlace({ name, files }: Extract<MountSource, { kind: "secret" }>, of: string): SecretPlace {
  const stem = `${of}-${name}`;
  if (name !== "auth") return { volume: stem, carrier: stem };
  const [file] = Object.keys(files.reveal()) as [AuthFile];
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

/** The provider's inputs for what is memory. @param owner the uid and gid of what belongs to who runs there */
export function toTmpfs(mounts: readonly Mount[], [uid, gid]: readonly [uid: number, gid: number]): Record<string, string> {
  return Object.fromEntries(
    mounts.flatMap(({ source, target }) => {
      if (source.kind !== "memory") return [];
      const { size, exec, mode, owned } = source;
      const options = ["rw", exec ? "exec" : "noexec", "nosuid", "nodev", `size=${size}`, `mode=${mode}`];
      return [[target, [...options, ...(owned ? [`uid=${uid}`, `gid=${gid}`] : [])].join(",")]];
    }),
  );
}

import type { types } from "@pulumi/docker";
import { volumeOf } from "../container-engine/mounts.ts";
import type { Mount, MountSource } from "../session-part.ts";

type MountInput = types.input.ServiceTaskSpecContainerSpecMount;
type Memory = Extract<MountSource, { kind: "memory" }>;

/** The provider's inputs for volumes and memory. Secrets and files of a configuration are a service's own. @param of the service's name */
export function toSwarmMounts(mounts: readonly Mount[], of: string, [uid, gid]: readonly [uid: number, gid: number]): MountInput[] {
  return mounts.flatMap(({ source, target, readOnly }): MountInput[] => {
    switch (source.kind) {
      case "host":
        throw new Error(`${of}: ${target} is a folder of a machine, and a service runs on a node; name a repository by url`);
      case "secret":
      case "files":
        return [];
      case "memory":
        return [toMemory(source, target, uid, gid)];
      default:
        return [{ type: "volume", source: volumeOf(source, of) ?? "", target, readOnly }];
    }
  });
}

/**
 * A service's memory mounts belong to root and run no programs. What is to belong to somebody else, or to run some, is a volume
 * without a name in memory: Swarm makes one for each task, and removes it with the task's container.
 */
function toMemory({ size, exec, mode, owned }: Memory, target: string, uid: number, gid: number): MountInput {
  if (!owned && !exec) return { type: "tmpfs", target, readOnly: false, tmpfsOptions: { sizeBytes: size, mode: Number.parseInt(mode, 8) } };
  const options = [`size=${size}`, `mode=${mode}`, ...(owned ? [`uid=${uid}`, `gid=${gid}`] : []), "nosuid", "nodev"];
  const o = [...options, ...(exec ? [] : ["noexec"])].join(",");
  return {
    type: "volume",
    target,
    readOnly: false,
    volumeOptions: { driverName: "local", driverOptions: { type: "tmpfs", device: "tmpfs", o } },
  };
}

import type Docker from "dockerode";
import type { MountedVolume } from "../runtime.ts";

/** What volumes containers have, by the session in their labels. */
export async function volumesOf(
  docker: Docker,
  sessions: readonly Docker.ContainerInfo[],
): Promise<ReadonlyMap<string, readonly MountedVolume[]>> {
  const entries = sessions.map(async ({ Labels, Mounts }) => {
    const volumes = Mounts.flatMap(({ Type, Name, Destination }) =>
      Type === "volume" && Name ? [{ name: Name, target: Destination }] : [],
    );
    const mounted = volumes.map(async ({ name, target }): Promise<MountedVolume> => {
      const { Labels } = await docker.getVolume(name).inspect();
      return { name, target, owner: Labels?.session_id, kind: Labels?.kind };
    });
    return [Labels.session_id ?? "", await Promise.all(mounted)] as const;
  });
  return new Map(await Promise.all(entries));
}

/** Who sessions are, by the session in their labels. One that was removed meanwhile is left out. */
export async function uidsOf(docker: Docker, sessions: readonly Docker.ContainerInfo[]): Promise<ReadonlyMap<string, number>> {
  const users = sessions.map(async ({ Id, Labels }) => {
    const { Config } = await docker.getContainer(Id).inspect();
    return [Labels.session_id ?? "", Number.parseInt(Config.User, 10)] as const;
  });
  return new Map((await Promise.allSettled(users)).flatMap((result) => (result.status === "fulfilled" ? [result.value] : [])));
}

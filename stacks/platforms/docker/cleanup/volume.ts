import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { ignore } from "../../../../components/container-engine/answers.ts";
import { confined, confinedUser, securityOn } from "../../../runtime/docker/confined.ts";
import { sessionImage } from "../../../runtime/docker/workspace.ts";

const place = "/volume";

/**
 * Reads a volume, which nothing can change meanwhile, by way of a container that has it and never starts.
 *
 * @param labels of that container
 * @param work given what reads the volume as a tar, from the beginning each time
 * @throws Error when the engine has no image of sessions
 */
export async function readingVolume<T>(
  docker: Docker,
  volume: string,
  labels: Readonly<Record<string, string>>,
  work: (read: () => Promise<Readable>) => Promise<T>,
): Promise<T> {
  const container = await docker.createContainer({
    Image: await sessionImage(docker),
    Entrypoint: ["false"],
    Cmd: [],
    User: confinedUser,
    Labels: { ...labels },
    HostConfig: {
      NetworkMode: "none",
      ...confined(await securityOn(docker)),
      // What the image has there would else be copied into a volume that is empty.
      Mounts: [{ Type: "volume", Source: volume, Target: place, ReadOnly: true, VolumeOptions: { NoCopy: true } } as Docker.MountSettings],
    },
  });
  try {
    return await work(async () => (await container.getArchive({ path: `${place}/.` })) as Readable);
  } finally {
    await container.remove({ force: true }).catch(ignore(404, 409));
  }
}

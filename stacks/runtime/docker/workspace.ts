import type Docker from "dockerode";
import { baseline } from "../../../policy/baseline.ts";
import { ignore } from "../../../components/container-engine/answers.ts";
import type { CommandPlace } from "../runtime.ts";
import { beginning } from "../../streams.ts";
import { confined, securityOn } from "./confined.ts";
import { startCommand } from "./command.ts";

/** What a container that only looks at a workspace is made from. */
interface Beside {
  readonly image: string;
  readonly user: string;
  readonly mounts: readonly Docker.MountSettings[];
  readonly security: readonly string[];
}

/**
 * Works on a session's workspace: in the session while it runs, else in a container beside it that has the workspace, no network
 * and no more rights than the session.
 */
export async function inWorkspace<T>(docker: Docker, session: Docker.Container, work: (place: CommandPlace) => Promise<T>): Promise<T> {
  const { State, Config, Image, Mounts, HostConfig } = await session.inspect();
  if (State.Running && !State.Restarting && !State.Paused) return work(placeIn(session, Config.User));
  const mounts = Mounts.filter(({ Destination }) => /^\/(workspace|repos)(\/|$)/.test(Destination)).map(
    ({ Type, Name, Source, Destination, RW }): Docker.MountSettings => ({
      Type: Type as Docker.MountType,
      Source: Type === "volume" ? (Name ?? "") : Source,
      Target: Destination,
      ReadOnly: !RW,
    }),
  );
  if (!mounts.some(({ Target }) => Target === "/workspace"))
    throw new Error("the session is not running, and its workspace was memory, which ended with it");
  return beside(docker, { image: Image, user: Config.User, mounts, security: HostConfig.SecurityOpt ?? (await securityOn(docker)) }, work);
}

/** Works on a workspace whose session is gone, by its volume. @throws Error when the engine has no image of sessions to do it with */
export async function inVolume<T>(docker: Docker, volume: string, work: (place: CommandPlace) => Promise<T>): Promise<T> {
  const image = await sessionImage(docker);
  const mounts: Docker.MountSettings[] = [{ Type: "volume", Source: volume, Target: "/workspace", ReadOnly: false }];
  const user = `${baseline.user.uid}:${baseline.user.gid}`;
  return beside(docker, { image, user, mounts, security: await securityOn(docker) }, async (place) => {
    const [owner, errors] = [beginning(64), beginning()];
    const asked = await place.start(["stat", "--format=%u:%g", "/workspace"]);
    await asked.carry(owner, errors);
    return work({ start: (command, options) => place.start(command, { user: owner.text().trim(), ...options }) });
  });
}

/** Works in a container of the sessions' image that has nothing of anybody's. @throws Error when the engine has no such image */
export async function inImage<T>(docker: Docker, work: (place: CommandPlace) => Promise<T>): Promise<T> {
  const image = await sessionImage(docker);
  const user = `${baseline.user.uid}:${baseline.user.gid}`;
  return beside(docker, { image, user, mounts: [], security: await securityOn(docker) }, work);
}

/** Commands in a container, as a user unless they say otherwise. */
const placeIn = (container: Docker.Container, user: string): CommandPlace => ({
  start: (command, options) => startCommand(container, command, { user, ...options }),
});

/** An image of sessions. @throws Error when the engine has none */
export async function sessionImage(docker: Docker): Promise<string> {
  const images = await docker.listImages();
  const found = images.find(({ Labels }) => /^agent-sessions session /.test(Labels?.["org.opencontainers.image.title"] ?? ""));
  if (found === undefined) throw new Error("the engine has no image of sessions any more");
  return found.Id;
}

/** The container lives as long as this process holds its standard input open, so it ends with it however that ends. */
async function beside<T>(docker: Docker, { image, user, mounts, security }: Beside, work: (place: CommandPlace) => Promise<T>): Promise<T> {
  const container = await docker.createContainer({
    Image: image,
    User: user,
    Entrypoint: ["cat"],
    Cmd: [],
    Env: ["HOME=/tmp"],
    Healthcheck: { Test: ["NONE"] },
    AttachStdin: true,
    OpenStdin: true,
    StdinOnce: true,
    Labels: { created_by: baseline.createdBy, kind: "workspace-reader" },
    HostConfig: {
      AutoRemove: true,
      NetworkMode: "none",
      ...confined(security),
      Memory: 1024 ** 3,
      MemorySwap: 1024 ** 3,
      NanoCpus: 1e9,
      PidsLimit: 128,
      Mounts: [...mounts],
      Tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=67108864,mode=1777" },
    },
  });
  const input = await container.attach({ stream: true, stdin: true, hijack: true });
  try {
    await container.start();
    return await work(placeIn(container, user));
  } finally {
    input.end();
    await container.remove({ force: true }).catch(ignore(404, 409));
  }
}

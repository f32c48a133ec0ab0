import type Docker from "dockerode";
import { securityOpts } from "../../../components/seccomp/docker.ts";
import { baseline } from "../../../policy/baseline.ts";
import { ignore } from "../../../components/container-engine/answers.ts";
import { runIn } from "../../cli/exec.ts";
import { printable } from "../../printable.ts";
import { beginning } from "../streams.ts";

/** Where commands run on a session's workspace. */
export interface Workspace {
  readonly container: Docker.Container;
  /** As whom. */
  readonly user: string;
}

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
export async function inWorkspace<T>(docker: Docker, session: Docker.Container, work: (place: Workspace) => Promise<T>): Promise<T> {
  const { State, Config, Image, Mounts, HostConfig } = await session.inspect();
  if (State.Running && !State.Restarting && !State.Paused) return work({ container: session, user: Config.User });
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
  return beside(docker, { image: Image, user: Config.User, mounts, security: HostConfig.SecurityOpt ?? securityOpts() }, work);
}

/** Works on a workspace whose session is gone, by its volume. @throws Error when the engine has no image of sessions to do it with */
export async function inVolume<T>(docker: Docker, volume: string, work: (place: Workspace) => Promise<T>): Promise<T> {
  const image = await sessionImage(docker);
  if (image === undefined) throw new Error("the engine has no image of sessions any more");
  const mounts: Docker.MountSettings[] = [{ Type: "volume", Source: volume, Target: "/workspace", ReadOnly: false }];
  const user = `${baseline.user.uid}:${baseline.user.gid}`;
  return beside(docker, { image, user, mounts, security: securityOpts() }, async ({ container }) => {
    const { text } = await outputOf({ container, user }, ["stat", "--format=%u:%g", "/workspace"]);
    return work({ container, user: text.trim() });
  });
}

async function sessionImage(docker: Docker): Promise<string | undefined> {
  const images = await docker.listImages();
  return images.find(({ Labels }) => /^agent-sessions session /.test(Labels?.["org.opencontainers.image.title"] ?? ""))?.Id;
}

/** The container lives as long as this process holds its standard input open, so it ends with it however that ends. */
async function beside<T>(docker: Docker, { image, user, mounts, security }: Beside, work: (place: Workspace) => Promise<T>): Promise<T> {
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
      ReadonlyRootfs: true,
      CapDrop: [...baseline.capabilities.drop],
      SecurityOpt: [...security],
      Memory: 1024 ** 3,
      MemorySwap: 1024 ** 3,
      NanoCpus: 1e9,
      PidsLimit: 128,
      Mounts: [...mounts],
      Tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=67108864,mode=1777" },
      LogConfig: { Type: "none", Config: {} },
    },
  });
  const input = await container.attach({ stream: true, stdin: true, hijack: true });
  try {
    await container.start();
    return await work({ container, user });
  } finally {
    input.end();
    await container.remove({ force: true }).catch(ignore(404, 409));
  }
}

/** The first bytes of what a command on a workspace prints; its errors go to standard error as plain text. */
export async function outputOf(
  { container, user }: Workspace,
  command: readonly string[],
  most?: number,
): Promise<{ code: number; text: string }> {
  const output = beginning(most);
  const code = await runIn(container, command, { tty: false, stdin: false, user, output, errors: printable(process.stderr) });
  return { code, text: output.text() };
}

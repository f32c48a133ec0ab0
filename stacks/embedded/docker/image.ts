import type Docker from "dockerode";
import { filesBelow } from "../../../components/hardened-image/context.ts";
import type { Properties } from "../../recorder/program.ts";
import { refuseUnknown } from "./inputs.ts";

/** Receives each line that the engine prints while it builds or pulls. */
export type Progress = (line: string) => void;

/** Lines of a build that are told when it fails. */
const kept = 40;

interface BuildInput {
  readonly context: string;
  readonly dockerfile: string;
  readonly target?: string;
  readonly args?: Readonly<Record<string, string>>;
  readonly platform?: string;
}

/** One message of the engine's stream. */
interface Message {
  readonly stream?: string;
  readonly status?: string;
  readonly error?: string;
}

/**
 * Builds an image from a folder.
 *
 * @returns the image's local id
 * @throws Error with the engine's own words and the last lines of the build
 */
export async function buildImage(docker: Docker, inputs: Properties, progress: Progress = () => {}): Promise<string> {
  const name = String(inputs.imageName);
  refuseUnknown("docker.Image", name, inputs, ["imageName", "build", "skipPush", "buildOnPreview"]);
  const build = inputs.build as BuildInput;
  const stream = await docker.buildImage({ context: build.context, src: filesBelow(build.context) }, {
    t: name,
    dockerfile: build.dockerfile.slice(build.context.length + 1),
    ...(build.target !== undefined && { target: build.target }),
    buildargs: { ...build.args },
    ...(build.platform !== undefined && { platform: build.platform }),
    rm: true,
    forcerm: true,
  } as Docker.ImageBuildOptions);
  await follow(docker, stream, `the image ${name} could not be built`, progress, withoutLogins(build.args));
  return (await docker.getImage(name).inspect()).Id;
}

/** Leaves out of what a build says who signs in at the proxies that it was given; any step may print its variables. */
function withoutLogins(args: BuildInput["args"] = {}): (text: string) => string {
  const logins = Object.values(args).flatMap((value) => /^https?:\/\/([^/@]+)@/.exec(value)?.[1] ?? []);
  const told = [
    ...new Set(logins.flatMap((login) => [login, login.split(":")[1] ?? login].flatMap((text) => [text, decodeURIComponent(text)]))),
  ];
  return (text) => told.reduce((rest, secret) => rest.replaceAll(secret, "…"), text);
}

/** Pulls an image by name. @returns its local id */
export async function pullImage(docker: Docker, inputs: Properties): Promise<string> {
  const name = String(inputs.name);
  await follow(docker, await docker.pull(name), `the image ${name} could not be pulled`);
  return (await docker.getImage(name).inspect()).Id;
}

function follow(
  docker: Docker,
  stream: NodeJS.ReadableStream,
  failure: string,
  progress: Progress = () => {},
  tellable = (text: string) => text,
): Promise<void> {
  const last: string[] = [];
  const note = (message: Message) => {
    const line = tellable((message.stream ?? message.status ?? "").trimEnd());
    if (line === "") return;
    last.push(line);
    if (last.length > kept) last.shift();
    progress(line);
  };
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(
      stream,
      (error: Error | null, messages: Message[]) => {
        const refused = error?.message ?? messages.find((message) => message.error !== undefined)?.error;
        if (refused === undefined) resolve();
        else reject(new Error(`${failure}: ${tellable(refused)}\n${last.join("\n")}`));
      },
      note,
    );
  });
}

/** What the provider answers for an image that is built or pulled. */
export const imageOutputs = (inputs: Properties, id: string): Properties => ({ ...inputs, repoDigest: id, imageId: id });

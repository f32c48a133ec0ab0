import type { Duplex } from "node:stream";
import type Docker from "dockerode";
import { baseline } from "../../../policy/baseline.ts";
import type { StartedCommand } from "../runtime.ts";
import { demultiplexer } from "../../streams.ts";
import { confined, confinedUser, securityOn } from "./confined.ts";
import { carry } from "./command.ts";

/**
 * Runs a program in the network of the host, wherever the engine is, until it is let go of. It is a container of the sessions' own
 * image with no other right, since Node leaves multicasts out that its process has not asked for, and services of the host do not.
 *
 * @param image of a session; nothing is run without one
 */
export async function startOnHostNetwork(
  docker: Docker,
  image: string | undefined,
  [program = "", ...rest]: readonly string[],
): Promise<StartedCommand | { readonly notTried: string }> {
  if (image === undefined) return { notTried: "no session runs" };
  let container: Docker.Container | undefined;
  try {
    const made = await docker.createContainer({
      Image: image,
      User: confinedUser,
      Entrypoint: [program],
      Cmd: rest,
      Labels: { created_by: baseline.createdBy, kind: "verify-listener" },
      Healthcheck: { Test: ["NONE"] },
      OpenStdin: true,
      // It ends when whoever started it is gone.
      StdinOnce: true,
      HostConfig: {
        NetworkMode: "host",
        AutoRemove: true,
        ...confined(await securityOn(docker)),
        PidsLimit: 8,
        Memory: 64 * 1024 ** 2,
      },
    });
    container = made;
    const stream = (await made.attach({ stream: true, hijack: true, stdin: true, stdout: true })) as Duplex;
    await made.start();
    return {
      input: stream,
      carry: (output, errors) => carry(stream, demultiplexer(output, errors)),
      resize: () => {},
      close: () => void stream.end(),
      exitCode: async () => (await made.inspect()).State.ExitCode,
    };
  } catch (error) {
    await container?.remove({ force: true }).catch(() => {});
    return { notTried: `nothing can listen in the host's network: ${(error as Error).message}` };
  }
}

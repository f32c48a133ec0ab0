import type { Duplex, Writable } from "node:stream";
import type Docker from "dockerode";
import type { CommandOptions, StartedCommand } from "../runtime.ts";
import { demultiplexer } from "../../streams.ts";

/** Starts a command in a container. */
export async function startCommand(
  container: Docker.Container,
  command: readonly string[],
  { terminal = false, input = false, user, folder, environment }: CommandOptions = {},
): Promise<StartedCommand> {
  const exec = await container.exec({
    Cmd: [...command],
    AttachStdin: input,
    AttachStdout: true,
    AttachStderr: true,
    Tty: terminal,
    ...(user !== undefined && { User: user }),
    ...(folder !== undefined && { WorkingDir: folder }),
    ...(environment !== undefined && { Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`) }),
  });
  const stream = await exec.start({ hijack: true, stdin: input, Tty: terminal });
  return {
    input: stream,
    carry: (output, errors) => carry(stream, terminal ? output : demultiplexer(output, errors)),
    resize: (rows, columns) => void exec.resize({ h: rows, w: columns }).catch(() => {}),
    close: () => void stream.destroy(),
    exitCode: async () => (await exec.inspect()).ExitCode ?? undefined,
  };
}

/** Passes a stream on to its end. @throws Error when what takes it fails */
export function carry(stream: Duplex, sink: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    sink.once("finish", resolve).once("error", reject);
    stream.once("close", () => sink.end()).once("error", reject);
    stream.pipe(sink);
  });
}

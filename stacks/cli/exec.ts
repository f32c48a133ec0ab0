import { fstatSync } from "node:fs";
import type { Writable } from "node:stream";
import type { Command } from "commander";
import type Docker from "dockerode";
import { runningSession } from "./sessions.ts";
import { loadStack, openEngine, stackOption } from "./stack.ts";

export function register(program: Command): void {
  program
    .command("exec")
    .description("Run a command in a session as the agent's user; its exit code becomes this command's own.")
    .argument("<id>", "the session")
    .argument("<command...>", "the command and its arguments, after --")
    .addOption(stackOption())
    .option("-t, --tty", "give the command a terminal")
    .option("-i, --interactive", "pass standard input on (done by itself when it is a pipe)")
    .addHelpText("after", "\nExample:\n  sessions exec demo -- git -C /workspace/code log --oneline\n")
    .action(async (id: string, command: string[], options: { stack: string; tty?: boolean; interactive?: boolean }) => {
      const source = loadStack(options.stack);
      const docker = await openEngine(source);
      if (options.tty && !process.stdin.isTTY && options.interactive)
        throw new Error("-t with -i needs a terminal, and standard input is none; leave -t out");
      const container = await runningSession(docker, source, id);
      process.exitCode = await runIn(docker, container, command, {
        tty: options.tty === true,
        stdin: options.interactive === true || isPiped(),
      });
    });
}

/** Whether somebody sends something: a pipe, a file or a socket, and neither a terminal nor /dev/null. */
function isPiped(): boolean {
  try {
    const input = fstatSync(0);
    return input.isFIFO() || input.isFile() || input.isSocket();
  } catch {
    return false;
  }
}

/** Where a command's streams are connected. */
interface Streams {
  readonly tty: boolean;
  readonly stdin: boolean;
  /** @default standard output */
  readonly output?: Writable;
  /** @default standard error */
  readonly errors?: Writable;
}

/**
 * Runs a command in a container with this process's own streams, or those that are given.
 *
 * @returns the command's exit code
 */
export async function runIn(
  docker: Docker,
  container: Docker.Container,
  command: readonly string[],
  { tty, stdin, output = process.stdout, errors = process.stderr }: Streams,
): Promise<number> {
  const exec = await container.exec({
    Cmd: [...command],
    AttachStdin: stdin,
    AttachStdout: true,
    AttachStderr: true,
    Tty: tty,
    ...(tty && { Env: [`TERM=${process.env.TERM ?? "xterm-256color"}`] }),
  });
  const stream = await exec.start({ hijack: true, stdin, Tty: tty });
  const resize = () => void exec.resize({ h: process.stdout.rows ?? 24, w: process.stdout.columns ?? 80 }).catch(() => {});
  if (tty) {
    stream.pipe(output, { end: false });
    if (stdin) process.stdin.setRawMode?.(true);
    process.stdout.on("resize", resize);
    resize();
  } else docker.modem.demuxStream(stream, output, errors);
  if (stdin) process.stdin.pipe(stream);
  try {
    await new Promise((resolve, reject) => stream.once("end", resolve).once("close", resolve).once("error", reject));
  } finally {
    process.stdin.unpipe(stream);
    process.stdin.pause();
    if (tty && stdin) process.stdin.setRawMode?.(false);
    process.stdout.off("resize", resize);
  }
  const { ExitCode } = await exec.inspect();
  return ExitCode ?? 1;
}

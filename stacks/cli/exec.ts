import { fstatSync } from "node:fs";
import type { Duplex, Writable } from "node:stream";
import type { Command } from "commander";
import type Docker from "dockerode";
import { withCleanup } from "./cleanup.ts";
import { Screen } from "./screen.ts";
import { endOf, runningSession } from "./sessions.ts";
import { loadStack, openEngine, stackOption } from "./stack.ts";
import { demultiplexer, eachPiece, passOn } from "./streams.ts";

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
      const end = await endOf(docker, id, container);
      if (end !== undefined && end.state !== "complete")
        console.error(`sessions: session "${id}" ${end.text}; "sessions start ${id}" runs it again`);
      process.exitCode = await runIn(container, command, {
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
  const [shown, complaints] = [onScreen(output), onScreen(errors)];
  const cleanUp = () => {
    shown.leave();
    complaints.leave();
    if (tty && stdin) process.stdin.setRawMode?.(false);
  };
  await withCleanup(cleanUp, async () => {
    if (tty) {
      if (stdin) process.stdin.setRawMode?.(true);
      process.stdout.on("resize", resize);
      resize();
    }
    if (stdin) process.stdin.pipe(stream);
    try {
      await carry(stream, tty ? shown.stream : demultiplexer(shown.stream, complaints.stream));
    } finally {
      process.stdin.unpipe(stream);
      process.stdin.pause();
      process.stdout.off("resize", resize);
      stream.destroy();
    }
  });
  const { ExitCode } = await exec.inspect();
  return ExitCode ?? 1;
}

/** Passes a stream on to its end. @throws Error when what takes it fails */
function carry(stream: Duplex, sink: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    sink.once("finish", resolve).once("error", reject);
    stream.once("close", () => sink.end()).once("error", reject);
    stream.pipe(sink);
  });
}

/** A way to a stream: as it is, but where that is a terminal, only what a program may tell one. */
function onScreen(target: Writable): { readonly stream: Writable; leave(): void } {
  if (!("isTTY" in target && target.isTTY)) return { stream: eachPiece((chunk) => passOn(target, chunk)), leave() {} };
  const screen = new Screen();
  return {
    stream: eachPiece((chunk) => passOn(target, screen.pass(chunk))),
    leave: () => void target.write(screen.leave()),
  };
}

import { fstatSync } from "node:fs";
import type { Duplex, Writable } from "node:stream";
import type { Command } from "commander";
import type Docker from "dockerode";
import { withCleanup } from "./cleanup.ts";
import { Screen } from "./screen.ts";
import { endOf, runningSession } from "./sessions.ts";
import { loadStack, openEngine, stackOption } from "./stack.ts";
import { demultiplexer, eachPiece, passOn } from "../runtime/streams.ts";

interface Options {
  readonly stack: string;
  readonly tty?: boolean;
  readonly interactive?: boolean;
  readonly workdir?: string;
}

export function register(program: Command): void {
  program
    .command("exec")
    .description("Run a command in a session as the agent's user; its exit code becomes this command's own.")
    .argument("<id>", "the session")
    .argument("<command...>", "the command and its arguments, after --")
    .addOption(stackOption())
    .option("-t, --tty", "give the command a terminal")
    .option("-i, --interactive", "pass standard input on (done by itself when it is a pipe)")
    .option("-w, --workdir <folder>", "where it begins; the session's repository when left out, /workspace if it has not just one")
    .addHelpText("after", "\nExample:\n  npx sessions exec demo -- git log --oneline\n")
    .showHelpAfterError("The command and its own options stand after --, as in: npx sessions exec demo -- ls -la")
    .action(async (id: string, command: string[], options: Options) => {
      const source = loadStack(options.stack);
      const docker = await openEngine(source);
      if (options.tty && !process.stdin.isTTY && options.interactive)
        throw new Error("-t with -i needs a terminal, and standard input is none; leave -t out");
      const container = await runningSession(docker, source, id);
      // Asked while the command runs; on a terminal, the screen is the command's from then on.
      const noted = noteFailure(docker, id, container);
      if (options.tty) await noted;
      const place = options.workdir === undefined ? ["default", await placeOfWork(container)] : ["named", options.workdir];
      const line = ["bash", "-c", script, "exec", ...place, ...command];
      process.exitCode = await runIn(container, line, {
        tty: options.tty === true,
        stdin: options.interactive === true || isPiped(),
      });
      await noted;
    });
}

/** Says what the session is when its agent has failed for good. */
async function noteFailure(docker: Docker, id: string, container: Docker.Container): Promise<void> {
  const end = await endOf(docker, id, container);
  if (end !== undefined && end.state !== "complete")
    console.error(`sessions: session "${id}" ${end.text}; "npx sessions start ${id}" runs it again`);
}

/** The engine's own words for a command or folder that is not there are long, and its exit code is not a shell's. */
const script = `
cd -- "$2" 2>/dev/null || [[ $1 == default ]] || { printf 'sessions: there is no folder "%s" in the session\\n' "$2" >&2; exit 126; }
shift 2
type -P -- "$1" >/dev/null || { printf 'sessions: there is no command "%s" in the session\\n' "$1" >&2; exit 127; }
exec "$@"
`;

/** Where the session's agent works. */
async function placeOfWork(container: Docker.Container): Promise<string> {
  const { Env } = (await container.inspect()).Config;
  const names =
    Env.find((entry) => entry.startsWith("SESSION_REPOSITORIES="))
      ?.split("=")[1]
      ?.split(" ") ?? [];
  return names.length === 1 && names[0] !== "" ? `/workspace/${names[0]}` : "/workspace";
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
  /** As whom it runs. @default the container's own user */
  readonly user?: string;
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
  { tty, stdin, user, output = process.stdout, errors = process.stderr }: Streams,
): Promise<number> {
  const exec = await container.exec({
    Cmd: [...command],
    AttachStdin: stdin,
    AttachStdout: true,
    AttachStderr: true,
    Tty: tty,
    ...(user !== undefined && { User: user }),
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

import { fstatSync } from "node:fs";
import type { Writable } from "node:stream";
import type { Command } from "commander";
import { printable } from "../printable.ts";
import type { CommandPlace, Session } from "../runtime/runtime.ts";
import { afterwards } from "./afterwards.ts";
import { Screen } from "./screen.ts";
import { endOf, runningSession } from "./sessions.ts";
import { loadStack, openRuntime, stackOption, typed } from "./stack.ts";
import { beginning, eachPiece, passOn } from "../streams.ts";

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
      const runtime = await openRuntime(source);
      if (options.tty && !process.stdin.isTTY && options.interactive)
        throw new Error("-t with -i needs a terminal, and standard input is none; leave -t out");
      const session = await runningSession(runtime, source, id);
      const place = options.workdir === undefined ? ["default", await placeOfWork(session)] : ["named", options.workdir];
      const line = ["bash", "-c", script, "exec", ...place, ...command];
      // Asked while the command runs; on a terminal, the screen is the command's from then on.
      const noted = noteFailure(session, options.stack);
      if (options.tty) await noted;
      const streams = { tty: options.tty === true, stdin: options.interactive === true || isPiped() };
      [process.exitCode] = await Promise.all([runIn(session, line, streams), noted]);
    });
}

/** Says what the session is when its agent has failed for good. */
async function noteFailure(session: Session, stack: string): Promise<void> {
  const end = await endOf(session);
  if (end !== undefined && end.state !== "complete")
    console.error(`sessions: session "${session.id}" ${end.text}; "${typed(`start ${session.id}`, stack)}" runs it again`);
}

/** The engine's own words for a command or folder that is not there are long, and its exit code is not a shell's. */
const script = `
cd -- "$2" 2>/dev/null || [[ $1 == default ]] || { printf 'sessions: there is no folder "%s" in the session\\n' "$2" >&2; exit 126; }
shift 2
type -P -- "$1" >/dev/null || { printf 'sessions: there is no command "%s" in the session\\n' "$1" >&2; exit 127; }
exec "$@"
`;

/** Where the session's agent works. */
async function placeOfWork(session: Session): Promise<string> {
  const names = (await session.variable("SESSION_REPOSITORIES"))?.split(" ") ?? [];
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
  /** @default standard output */
  readonly output?: Writable;
  /** @default standard error */
  readonly errors?: Writable;
}

/**
 * Runs a command with this process's own streams, or those that are given.
 *
 * @returns the command's exit code
 */
export async function runIn(
  place: CommandPlace,
  command: readonly string[],
  { tty, stdin, output = process.stdout, errors = process.stderr }: Streams,
): Promise<number> {
  const started = await place.start(command, {
    terminal: tty,
    input: stdin,
    ...(tty && { environment: { TERM: process.env.TERM ?? "xterm-256color" } }),
  });
  const resize = () => started.resize(process.stdout.rows ?? 24, process.stdout.columns ?? 80);
  const [shown, complaints] = [onScreen(output), onScreen(errors)];
  const cleanUp = () => {
    shown.leave();
    complaints.leave();
    if (tty && stdin) process.stdin.setRawMode?.(false);
  };
  await afterwards(cleanUp, async () => {
    if (tty) {
      if (stdin) process.stdin.setRawMode?.(true);
      process.stdout.on("resize", resize);
      resize();
    }
    if (stdin) process.stdin.pipe(started.input);
    try {
      await started.carry(shown.stream, complaints.stream);
    } finally {
      process.stdin.unpipe(started.input);
      process.stdin.pause();
      process.stdout.off("resize", resize);
      started.close();
    }
  });
  return (await started.exitCode()) ?? 1;
}

/** The first bytes of what a command prints; its errors go to standard error as plain text. */
export async function outputOf(place: CommandPlace, command: readonly string[], most?: number): Promise<{ code: number; text: string }> {
  const output = beginning(most);
  const code = await runIn(place, command, { tty: false, stdin: false, output, errors: printable(process.stderr) });
  return { code, text: output.text() };
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

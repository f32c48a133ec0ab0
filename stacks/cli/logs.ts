import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { type Command, InvalidArgumentError } from "commander";
import { parseDuration } from "../units.ts";
import { printable } from "./printable.ts";
import { liveSession } from "./sessions.ts";
import { loadStack, openEngine, stackOption } from "./stack.ts";

interface Options {
  readonly stack: string;
  readonly follow?: boolean;
  readonly tail?: number;
  /** Seconds since 1970. */
  readonly since?: number;
}

export function register(program: Command): void {
  program
    .command("logs")
    .description("Print what a session's terminal has shown, without escape sequences.")
    .argument("<id>", "the session")
    .addOption(stackOption())
    .option("-f, --follow", "go on with what comes")
    .option("-n, --tail <lines>", "only the last lines", lines)
    .option("--since <time>", "only what came after this time (2026-01-31T12:00:00Z) or in this last while (10m)", time)
    .addHelpText("after", "\nExample:\n  sessions logs demo --follow --tail 20\n")
    .action(run);
}

async function run(id: string, options: Options): Promise<void> {
  const source = loadStack(options.stack);
  const docker = await openEngine(source);
  const container = await liveSession(docker, source, id);
  const { tail, since } = options;
  const which = { stdout: true, stderr: true, ...(tail !== undefined && { tail }), ...(since !== undefined && { since }) };
  // Without following, the engine answers in one piece.
  const stream = options.follow
    ? await container.logs({ ...which, follow: true })
    : Readable.from([await container.logs({ ...which, follow: false })]);
  docker.modem.demuxStream(stream, printable(process.stdout), printable(process.stderr));
  await finished(stream, { writable: false });
}

function lines(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("Write a number of lines, such as 20.");
  return Number(text);
}

/** Reads a moment, or a while until now, as seconds since 1970. */
export function time(text: string): number {
  const past = parseDuration(text);
  const seconds = past === undefined ? Date.parse(text) / 1000 : Math.floor(Date.now() / 1000 - past);
  if (Number.isNaN(seconds)) throw new InvalidArgumentError("Write a time such as 2026-01-31T12:00:00Z, or a while such as 10m.");
  return seconds;
}

import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import type { Command } from "commander";
import { liveSession } from "./sessions.ts";
import { loadStack, openEngine, stackOption } from "./stack.ts";

interface Options {
  readonly stack: string;
  readonly follow?: boolean;
  readonly tail?: string;
  readonly since?: string;
}

export function register(program: Command): void {
  program
    .command("logs")
    .description("Print what a session's terminal has shown, without escape sequences.")
    .argument("<id>", "the session")
    .addOption(stackOption())
    .option("-f, --follow", "go on with what comes")
    .option("-n, --tail <lines>", "only the last lines")
    .option("--since <time>", "only what came after this time, as RFC 3339")
    .addHelpText("after", "\nExample:\n  sessions logs demo --follow --tail 20\n")
    .action(run);
}

async function run(id: string, options: Options): Promise<void> {
  const source = loadStack(options.stack);
  const docker = await openEngine(source);
  const container = await liveSession(docker, source, id);
  const since = options.since === undefined ? undefined : Date.parse(options.since) / 1000;
  if (Number.isNaN(since)) throw new Error(`--since: "${options.since}" is not a time; write one such as 2026-01-31T12:00:00Z`);
  if (options.tail !== undefined && !/^\d+$/.test(options.tail)) throw new Error(`--tail: "${options.tail}" is not a number of lines`);
  const which = { stdout: true, stderr: true, ...(options.tail !== undefined && { tail: Number(options.tail) }), ...(since !== undefined && { since }) };
  // Without following, the engine answers in one piece.
  const stream = options.follow ? await container.logs({ ...which, follow: true }) : Readable.from([await container.logs({ ...which, follow: false })]);
  docker.modem.demuxStream(stream, process.stdout, process.stderr);
  await finished(stream, { writable: false });
}

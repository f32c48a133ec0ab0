import type { Writable } from "node:stream";
import { type Command, InvalidArgumentError } from "commander";
import { parseDuration } from "../units.ts";
import { printable } from "../printable.ts";
import { credentialProxy, liveSession } from "./sessions.ts";
import { loadStack, openRuntime, stackOption } from "./stack.ts";

interface Options {
  readonly stack: string;
  readonly follow?: boolean;
  readonly tail?: number;
  /** Seconds since 1970. */
  readonly since?: number;
  readonly raw?: boolean;
  readonly proxy?: boolean;
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
    .option("--proxy", "what its credential proxy recorded instead: a line for each request to the model, and what became of the key")
    .option("--raw", "every character as it is; what a session wrote may command a terminal")
    .addHelpText("after", "\nExample:\n  npx sessions logs demo --follow --tail 20\n")
    .action(run);
}

async function run(id: string, options: Options): Promise<void> {
  const source = loadStack(options.stack);
  const part = await (options.proxy ? credentialProxy : liveSession)(await openRuntime(source), source, id);
  const { tail, since, follow = false } = options;
  const which = { follow, ...(tail !== undefined && { tail }), ...(since !== undefined && { since }) };
  const shown = (target: Writable) => (options.raw ? target : printable(target));
  await part.logs(which, shown(process.stdout), shown(process.stderr));
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

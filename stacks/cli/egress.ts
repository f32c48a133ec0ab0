import type { Command } from "commander";
import { stringify } from "yaml";
import { printed } from "../runtime/printed.ts";
import type { SessionRuntime } from "../runtime/runtime.ts";
import { formatSize } from "../units.ts";
import { type Asked, isRefusedTrial, summarize, suggest } from "./egress-record.ts";
import { time } from "./logs.ts";
import { table } from "./table.ts";
import { liveSession } from "./sessions.ts";
import { loadStack, openRuntime, stackOption } from "./stack.ts";

interface Options {
  readonly stack: string;
  readonly json?: boolean;
  readonly suggest?: boolean;
  /** Seconds since 1970. */
  readonly since?: number;
}

export function register(program: Command): void {
  program
    .command("egress")
    .description("List the hosts that a session asked for, and what became of it, since its allow list last changed.")
    .argument("<id>", "the session")
    .addOption(stackOption())
    .option("--since <time>", "only what came after this time (2026-01-31T12:00:00Z) or in this last while (10m)", time)
    .option("--suggest", "print the settings that would allow what was not on the list")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  npx sessions egress demo --since 1h --suggest\n")
    .action(run);
}

async function run(id: string, options: Options): Promise<void> {
  const source = loadStack(options.stack);
  const runtime = await openRuntime(source);
  await liveSession(runtime, source, id);
  const asked = await readRecord(runtime, id, options.since);
  if (options.suggest) {
    const allow = suggest(asked);
    if (options.json) console.log(JSON.stringify(allow, null, 2));
    else if (allow.length === 0) console.log(`Session "${id}" asked for no host that an entry would allow.`);
    else console.log(stringify({ network: { egress: { allow } } }).trimEnd());
  } else if (options.json) console.log(JSON.stringify(asked, null, 2));
  else console.log(text(id, asked));
}

function text(id: string, asked: readonly Asked[]): string {
  const rows = asked.filter((entry) => !isRefusedTrial(entry));
  const trials = asked.filter(isRefusedTrial).reduce((sum, { requests }) => sum + requests, 0);
  const listed =
    rows.length === 0
      ? `Session "${id}" has asked for no host.`
      : table(
          ["host", "port", "verdict", "requests", "received", "sent", "last"],
          rows.map(({ host, port, verdict, requests, received, sent, last }) => [
            host,
            String(port),
            verdict,
            String(requests),
            formatSize(received),
            formatSize(sent),
            last,
          ]),
        );
  return trials === 0 ? listed : `${listed}\n${trials} refused requests named themselves those of verify; --json lists them.`;
}

/**
 * What a session asked for since its proxy was made.
 *
 * @param since seconds since 1970
 * @throws Error when the session has no proxy
 */
export async function readRecord(runtime: SessionRuntime, id: string, since?: number): Promise<Asked[]> {
  const proxy = await runtime.part(id, "egress-proxy");
  if (proxy === undefined)
    throw new Error(
      `session "${id}" has no allow list, so nothing is recorded; set network.egress to {allow: [hosts]}, with mode: audit to let everything through and see what it asks for`,
    );
  return summarize(await printed(proxy, since === undefined ? {} : { since }));
}

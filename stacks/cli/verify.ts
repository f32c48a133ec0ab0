import { writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import type { SessionRuntime } from "../runtime/runtime.ts";
import type { StackSource } from "../configuration.ts";
import { settingsOf } from "../settings.ts";
import { checksOn, platformOf } from "../verify/checks/index.ts";
import { verifyGateway } from "../verify/gateway.ts";
import { targetOf } from "../verify/target.ts";
import { promisedOn } from "../verify/promised.ts";
import { count, junit, shortForm } from "../verify/report.ts";
import { type Verified, verify } from "../verify/run.ts";
import { surroundingsOf } from "../verify/surroundings.ts";
import { plain } from "../printable.ts";
import { table } from "./table.ts";
import { noSession, runningSession } from "./sessions.ts";
import { loadStack, openRuntime, path, stackOption } from "./stack.ts";

interface Options {
  readonly stack: string;
  readonly all?: boolean;
  readonly json?: boolean;
  readonly junit?: string;
  readonly parallel: number;
  readonly strict?: boolean;
}

export function register(program: Command): void {
  program
    .command("verify")
    .description(
      "Try in the live sessions, as a hostile agent would, what the settings promise, and say what holds. Exit code 1 when anything does not.",
    )
    .argument("[id...]", "the sessions; all of the stack file, and its gateway, when left out")
    .addOption(stackOption())
    .option("--parallel <n>", "sessions at once; each is given 60 seconds", wholeNumber, 4)
    .option("--strict", "exit code 1 also when something could not be tried, as whatever runs in a session can bring about")
    .option("--all", "list what holds too")
    .option("--json", "print JSON")
    .option("--junit <file>", "write JUnit XML too", path)
    .addHelpText("after", "\nExample:\n  npx sessions verify\n  npx sessions verify demo --json --junit verify.xml\n")
    .action(run);
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("It is not a whole number from 1 on.");
  return Number(text);
}

async function run(ids: string[], options: Options): Promise<void> {
  const source = loadStack(options.stack);
  const sessions = await verifySessions(await openRuntime(source), source, ids, options.parallel);
  if (options.junit !== undefined) writeFileSync(options.junit, junit(sessions));
  if (options.json) console.log(JSON.stringify(sessions, null, 2));
  else for (const verified of sessions) console.log(text(verified, options.all === true));
  const open = sessions.map(count).some(({ notHeld, notTried }) => notHeld > 0 || (options.strict === true && notTried > 0));
  if (open) process.exitCode = 1;
}

/**
 * Verifies sessions of a stack; all of them when none is named.
 *
 * @throws Error when one is not in the stack file or does not run
 */
async function verifySessions(runtime: SessionRuntime, source: StackSource, ids: readonly string[], parallel: number): Promise<Verified[]> {
  const settings = settingsOf(source);
  const { sessions } = settings;
  const unknown = ids.filter((id) => !sessions.some((session) => session.id === id));
  if (unknown.length > 0)
    throw new Error(
      noSession(
        unknown,
        "the stack file",
        sessions.map(({ id }) => id),
      ),
    );
  const chosen = sessions.filter(({ id }) => ids.length === 0 || ids.includes(id));
  for (const { id } of chosen) await runningSession(runtime, source, id);
  const platform = await platformOf(runtime, settings);
  const promised = promisedOn(platform);
  const { surroundings, close } = await surroundingsOf(runtime, settings);
  try {
    const verified = await verify(
      chosen.map((session) => targetOf(runtime, promised(session))),
      {
        checks: checksOn(platform),
        surroundings,
        parallel,
        // One task after another, for what is tried together, with the proxy halted, and alone.
        ...(runtime.standIns !== undefined && { seconds: 60 + 3 * runtime.standIns.seconds }),
      },
    );
    const entrance = ids.length === 0 ? await verifyGateway(runtime, settings) : undefined;
    return entrance === undefined ? verified : [...verified, entrance];
  } finally {
    close();
  }
}

/** What does not hold or was not tried, or all, then the count of each. */
function text(verified: Verified, all: boolean): string {
  // What a session answered may hold anything.
  const shown = verified.results.filter(({ verdict }) => all || verdict !== "held");
  const rows = shown.map(({ id, promise, attempt, verdict, found }) => [
    id,
    promise,
    attempt,
    `${verdict === "not held" ? "NOT HELD" : verdict}: ${plain(found)}`,
  ]);
  const drawn = rows.length === 0 ? "" : `${table(["check", "promised", "tried", "result"], rows)}\n`;
  return `${drawn}${plain(shortForm(verified))}`;
}

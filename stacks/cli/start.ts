import type { Command } from "commander";
import type { Health, Session } from "../runtime/runtime.ts";
import { hasEnded, stateText } from "../runtime/session-state.ts";
import { runIn } from "./exec.ts";
import { liveSession } from "./sessions.ts";
import { loadStack, openToChange, stackOption, typed } from "./stack.ts";

export function register(program: Command): void {
  program
    .command("start")
    .description("Start one session that was stopped, or run one again that is complete or has failed.")
    .argument("<id>", "the session")
    .addOption(stackOption())
    .addHelpText("after", "\nExample:\n  npx sessions start demo\n")
    .action(async (id: string, options: { stack: string }) => {
      const source = loadStack(options.stack);
      console.log(await start(await liveSession(await openToChange(source), source, id), options.stack));
    });
}

/** @returns what became of it. @throws Error when it fails at once */
async function start(session: Session, stack: string): Promise<string> {
  const { id } = session;
  const before = await session.health();
  if (before.state === "stopped") await session.begin();
  // One that was stopped shows only now what it was before.
  const found = before.state === "stopped" ? await afterStart(session) : before;
  if (!hasEnded(found))
    return before.state === "stopped" ? `Session ${id} is started.` : `Session ${id} runs already: ${stateText(found)}.`;
  const code = await runIn(session, ["/usr/local/bin/session-again"], { tty: false, stdin: false });
  if (code !== 0)
    throw new Error(`session "${id}" was made by another version of this program; "${typed("up", stack)}" brings it to this one`);
  await session.restart();
  const health = await afterStart(session);
  if (health.state === "failed" || health.state === "key refused")
    throw new Error(
      `session "${id}" is ${stateText(health)} again; "${typed(`logs ${id}`, stack)}" shows what it said, "${typed(`exec ${id} -- COMMAND`, stack)}" works with its data`,
    );
  return `Session ${id} is started again; it was ${stateText(found)}.`;
}

/** What a session is once it has finished starting, or after a minute. */
async function afterStart(session: Session): Promise<Health> {
  const deadline = Date.now() + 60_000;
  let health = await session.health();
  while ((health.state === "starting" || health.state === "stopped") && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    health = await session.health();
  }
  return health;
}

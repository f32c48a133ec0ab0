import type { Command } from "commander";
import type { StackSource } from "../configuration.ts";
import type { SessionRuntime } from "../runtime/runtime.ts";
import { stateText } from "../runtime/session-state.ts";
import { hasTerminal, terminal } from "../../components/session-container/attach.ts";
import { runIn } from "./exec.ts";
import { endOf, runningSession } from "./sessions.ts";
import { loadStack, openRuntime, stackOption, typed } from "./stack.ts";

/** What the script ends with where there is no terminal; tmux never does. */
const noTerminal = 97;

/** A terminal that the session's image does not describe is taken for a plain one; tmux would refuse it. */
const script = `infocmp >/dev/null 2>&1 || export TERM=xterm-256color; ${hasTerminal} 2>/dev/null || exit ${noTerminal}; exec ${terminal}`;

export function register(program: Command): void {
  program
    .command("attach")
    .description("Enter a session's terminal, where its agent works; Ctrl-b d leaves it running.")
    .argument("<id>", "the session")
    .addOption(stackOption())
    .addHelpText("after", "\nExample:\n  npx sessions attach demo\n")
    .action(async (id: string, options: { stack: string }) => {
      if (!process.stdin.isTTY || !process.stdout.isTTY)
        throw new Error(`attach needs a terminal; "${typed(`logs ${id}`, options.stack)}" shows what the session printed`);
      const source = loadStack(options.stack);
      process.exitCode = await enter(await openRuntime(source), source, id);
    });
}

/**
 * Enters a session's terminal with this process's own.
 *
 * @returns the exit code of what showed it
 * @throws Error when nothing runs there, saying what to do
 */
export async function enter(runtime: SessionRuntime, source: StackSource, id: string): Promise<number> {
  const session = await runningSession(runtime, source, id);
  const { stack } = source;
  const end = await endOf(session);
  if (end !== undefined)
    throw new Error(
      `session "${id}" ${end.text}, and no agent runs in it; "${typed(`logs ${id}`, stack)}" shows what it said, "${typed(`exec ${id} -- COMMAND`, stack)}" works with its data, "${typed(`start ${id}`, stack)}" runs it again`,
    );
  const code = await runIn(session, ["bash", "-c", script], { tty: true, stdin: true });
  if (code !== noTerminal) return code;
  throw new Error(
    `session "${id}" is ${stateText(await session.health())}, and its agent's terminal is not open; "${typed(`logs ${id} --follow`, stack)}" shows what it does, and attach enters it when "${typed("list", stack)}" shows that it is healthy`,
  );
}

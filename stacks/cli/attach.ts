import type { Command } from "commander";
import { terminal } from "../../components/session-container/attach.ts";
import { runIn } from "./exec.ts";
import { endOf, runningSession } from "./sessions.ts";
import { loadStack, openRuntime, stackOption } from "./stack.ts";

/** A terminal that the session's image does not describe is taken for a plain one; tmux would refuse it. */
const script = `infocmp >/dev/null 2>&1 || export TERM=xterm-256color; exec ${terminal}`;

export function register(program: Command): void {
  program
    .command("attach")
    .description("Enter a session's terminal, where its agent works; Ctrl-b d leaves it running.")
    .argument("<id>", "the session")
    .addOption(stackOption())
    .addHelpText("after", "\nExample:\n  npx sessions attach demo\n")
    .action(async (id: string, options: { stack: string }) => {
      if (!process.stdin.isTTY || !process.stdout.isTTY)
        throw new Error('attach needs a terminal; "npx sessions logs" shows what the session printed');
      const source = loadStack(options.stack);
      const session = await runningSession(await openRuntime(source), source, id);
      const end = await endOf(session);
      if (end !== undefined)
        throw new Error(
          `session "${id}" ${end.text}, and no agent runs in it; "npx sessions logs ${id}" shows what it said, "npx sessions exec ${id} -- COMMAND" works with its data, "npx sessions start ${id}" runs it again`,
        );
      process.exitCode = await runIn(session, ["bash", "-c", script], { tty: true, stdin: true });
    });
}

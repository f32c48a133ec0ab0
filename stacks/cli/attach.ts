import type { Command } from "commander";
import { runIn } from "./exec.ts";
import { liveSession } from "./sessions.ts";
import { loadStack, openEngine, stackOption } from "./stack.ts";

export function register(program: Command): void {
  program
    .command("attach")
    .description("Enter a session's terminal, where its agent works; Ctrl-b d leaves it running.")
    .argument("<id>", "the session")
    .addOption(stackOption())
    .addHelpText("after", "\nExample:\n  sessions attach demo\n")
    .action(async (id: string, options: { stack: string }) => {
      if (!process.stdin.isTTY || !process.stdout.isTTY) throw new Error('attach needs a terminal; "sessions logs" shows what the session printed');
      const source = loadStack(options.stack);
      const docker = await openEngine(source);
      process.exitCode = await runIn(docker, await liveSession(docker, source, id), ["tmux", "attach", "-t", "claude"], { tty: true, stdin: true });
    });
}

import type { Command } from "commander";
import { liveSession } from "./sessions.ts";
import { loadStack, openToChange, stackOption } from "./stack.ts";

export function register(program: Command): void {
  program
    .command("stop")
    .description("Stop one session; its data stays, and the next up or start brings it back.")
    .argument("<id>", "the session")
    .addOption(stackOption())
    .addHelpText("after", "\nExample:\n  npx sessions stop demo\n")
    .action(async (id: string, options: { stack: string }) => {
      const source = loadStack(options.stack);
      const session = await liveSession(await openToChange(source), source, id);
      await session.stop();
      console.log(`Session ${id} is stopped.`);
    });
}

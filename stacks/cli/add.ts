import type { Command } from "commander";
import { addEntry, type EntryOptions, entryOptions, type Task, task } from "./entry.ts";
import { stackOption, typed } from "./stack.ts";

interface Options extends EntryOptions {
  readonly stack: string;
  readonly task?: Task;
}

export function register(program: Command): void {
  const command = program
    .command("add")
    .description("Add a session to the stack file; comments stay. The next up starts it and leaves the others as they are.")
    .argument("<id>", "the new session's id")
    .addOption(stackOption());
  entryOptions(command)
    .option("--task <text>", "what its agent does without a person, or @FILE that says it", task)
    .addHelpText("after", "\nExample:\n  npx sessions add review --key-env ANTHROPIC_API_KEY --repository /srv/code --allow set:npm\n")
    .action(async (id: string, options: Options) => {
      await addEntry(options.stack, () => id, options, options.task);
      console.log(`Added session ${id} to stacks/Pulumi.${options.stack}.yaml; "${typed("up", options.stack)}" starts it.`);
    });
}

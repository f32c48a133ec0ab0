import type { Command } from "commander";
import { engineOption } from "./engine-choice.ts";
import { loadStack, openLiveStack, stackOption } from "./stack.ts";
import { changeDocument, idsIn, openDocument, removeSession } from "./stack-document.ts";
import { refuseUnknown, report, takeDown, type TakeDownOptions } from "./take-down.ts";

interface Options extends TakeDownOptions {
  readonly stack: string;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command("remove")
    .description("Remove one session from the engine and from the stack file; comments stay, and so do its volumes, unless --delete-data.")
    .argument("<id>", "the session")
    .addOption(stackOption())
    .addOption(engineOption())
    .option("-y, --yes", "do not ask (the Pulumi CLI asks by itself)")
    .option("--delete-data", "remove the session's volumes too; their data cannot be brought back")
    .option("--force", "with --delete-data: do not ask about work that is nowhere else")
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  npx sessions remove review --delete-data\n")
    .action(run);
}

async function run(id: string, options: Options): Promise<void> {
  const source = loadStack(options.stack);
  const live = await openLiveStack(source);
  await refuseUnknown(source, live, [id], idsIn(openDocument(options.stack).document));
  // The file last: of a run that was killed before it, the session is still known, and the same command goes on.
  const result = await takeDown(source, live, [id], options);
  if (result === undefined) return;
  if (result.failures.length === 0) await removeFromFile(options.stack, id);
  report(result, options.json);
}

export const removeFromFile = (stack: string, id: string): Promise<void> =>
  changeDocument(stack, (document) => removeSession(document, id));

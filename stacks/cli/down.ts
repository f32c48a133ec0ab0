import type { Command } from "commander";
import { engineOption } from "./engine-choice.ts";
import { loadStack, openLiveStack, stackOption } from "./stack.ts";
import { idsIn, openDocument } from "./stack-document.ts";
import { refuseUnknown, report, takeDown, type TakeDownOptions } from "./take-down.ts";

interface Options extends TakeDownOptions {
  readonly stack: string;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command("down")
    .description("Remove the stack's sessions, or some of them. Their volumes are kept and named, unless --delete-data.")
    .argument("[id...]", "the sessions; all of the stack when left out")
    .addOption(stackOption())
    .addOption(engineOption())
    .option("-y, --yes", "do not ask (the Pulumi CLI asks by itself)")
    .option("--delete-data", "remove the sessions' volumes too; their data cannot be brought back")
    .option("--force", "with --delete-data: do not ask about work that is nowhere else")
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  npx sessions down demo\n")
    .action(run);
}

async function run(ids: string[], options: Options): Promise<void> {
  const source = loadStack(options.stack);
  const live = await openLiveStack(source);
  await refuseUnknown(source, live, ids, idsIn(openDocument(options.stack).document));
  const result = await takeDown(source, live, ids.length === 0 ? undefined : ids, options);
  if (result !== undefined) report(result, options.json);
}

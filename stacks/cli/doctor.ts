import type { Command } from "commander";
import { platformOf } from "../platforms/index.ts";
import { settingsOf } from "../settings.ts";
import { countingSeconds, whileCounting } from "./disk.ts";
import { loadStack, stackOption } from "./stack.ts";
import { table } from "./table.ts";

export function register(program: Command): void {
  program
    .command("doctor")
    .description("Say what this machine can and cannot enforce, and what that means for the sessions.")
    .addOption(stackOption())
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  npx sessions doctor\n")
    .action(run);
}

async function run(options: { stack: string; json?: boolean }): Promise<void> {
  const source = loadStack(options.stack);
  const settings = settingsOf(source);
  const platform = await platformOf(source);
  const findings = await whileCounting(platform.examine(settings, countingSeconds));
  if (options.json) console.log(JSON.stringify(findings, null, 2));
  else
    console.log(
      table(
        ["subject", "found", "", "what it means"],
        findings.map(({ subject, found, verdict, means }) => [subject, found, verdict, means]),
      ),
    );
  if (findings.some(({ verdict }) => verdict === "missing")) process.exitCode = 1;
}

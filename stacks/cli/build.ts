import type { Command } from "commander";
import { platformOf } from "../platforms/index.ts";
import { settingsOf } from "../settings.ts";
import { formatSize } from "../units.ts";
import { loadStack, stackOption, typed } from "./stack.ts";

interface Options {
  readonly stack: string;
  readonly force?: boolean;
  readonly install: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command("build")
    .description("Build the sessions' image when it is missing or its sources have changed, and start nothing.")
    .addOption(stackOption())
    .option("--force", "build it although it is there")
    .option("--no-install", "install nothing on this machine")
    .option("-y, --yes", "do not ask")
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  npx sessions build --stack local\n")
    .action(run);
}

async function run(options: Options): Promise<void> {
  const source = loadStack(options.stack);
  const say = (line: string) => console.error(line);
  const settings = settingsOf(source);
  const live = await (await platformOf(source)).prepare(settings, options, say);
  const results = await live.buildImages?.({ force: options.force === true, line: (line) => say(`  ${line}`) });
  if (results === undefined)
    throw new Error(`the strategy ${settings.strategy.name} builds its images while it is rolled out; run "${typed("up", source.stack)}"`);
  if (options.json) console.log(JSON.stringify(results, null, 2));
  else for (const { name, id, size, built } of results) console.log(`${name} ${id} ${formatSize(size)}${built ? "" : " (unchanged)"}`);
}

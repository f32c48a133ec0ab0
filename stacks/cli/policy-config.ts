import { writeFileSync } from "node:fs";
import { type Command, Option } from "commander";
import type { Level, PolicyConfig } from "../../policy/evaluate.ts";
import { levels } from "../../policy/rules/severity.ts";
import { packConfig } from "../policy-config.ts";
import { settingsOf } from "../settings.ts";
import { strategies } from "../strategies/index.ts";
import { readConfig } from "./check/foreign.ts";
import { loadStack, path, stackOption } from "./stack.ts";

interface Options {
  readonly stack: string;
  readonly level?: Level;
  readonly config?: PolicyConfig;
  readonly output?: string;
}

export function register(program: Command): void {
  program
    .command("policy-config")
    .description(
      "Print what pulumi takes as --policy-pack-config for a stack: its level, and what its settings except. Needs no engine, and changes nothing.",
    )
    .addOption(stackOption())
    .addOption(new Option("--level <level>", "how strict; that of the stack's strategy when left out").choices(levels))
    .option("--config <file>", "enforcement, settings and exceptions of rules to put in, as for check", readConfig)
    .option("-o, --output <file>", "write it there, and print nothing", path)
    .addHelpText(
      "after",
      [
        "",
        "Example:",
        "  npx sessions policy-config --stack local --output policy-config.json",
        "  pulumi preview --stack local --policy-pack policy --policy-pack-config policy-config.json",
        "",
      ].join("\n"),
    )
    .action(run);
}

function run({ stack, config, output, ...options }: Options): void {
  const source = loadStack(stack);
  const settings = settingsOf(source);
  const level = options.level ?? strategies[settings.strategy.name].level;
  const text = `${JSON.stringify(packConfig(settings, level, config), null, 2)}\n`;
  if (output === undefined) process.stdout.write(text);
  else writeFileSync(output, text);
}

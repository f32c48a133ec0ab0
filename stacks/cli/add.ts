import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { isSeq, parseDocument, type YAMLSeq } from "yaml";
import { fromConfig } from "../deploy.ts";
import { keyPrefix } from "../schema.ts";
import { parse } from "../settings.ts";
import { loadStack, stackFile, stackOption, textConfig } from "./stack.ts";

interface Options {
  readonly stack: string;
  readonly repository?: string[];
  readonly egress?: string;
}

export function register(program: Command): void {
  program
    .command("add")
    .description("Add a session to the stack file; comments stay. The next up starts it and leaves the others as they are.")
    .argument("<id>", "the new session's id")
    .addOption(stackOption())
    .option("-r, --repository <name=path-or-url...>", "a repository of the session")
    .addOption(new Option("--egress <mode>", "where the session may connect to").choices(["none", "open"]))
    .addHelpText("after", "\nExample:\n  sessions add review --repository code=/srv/code\n")
    .action(run);
}

function run(id: string, options: Options): void {
  const source = loadStack(options.stack);
  const file = stackFile(options.stack);
  const document = parseDocument(readFileSync(file, "utf8"));
  const path = ["config", `${keyPrefix}sessions`];
  const entry = { id, ...(options.repository !== undefined && { repositories: options.repository.map(repository) }), ...(options.egress !== undefined && { network: { egress: options.egress } }) };
  const sessions = document.getIn(path);
  if (isSeq(sessions)) (sessions as YAMLSeq).add(document.createNode(entry));
  else document.setIn(path, document.createNode([entry]));

  // Judged as a whole before it is written.
  parse(fromConfig(textConfig(document.toJS() as { config?: Record<string, unknown> })), { root: source.root });
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, document.toString({ lineWidth: 0 }));
  renameSync(partial, file);
  console.log(`Added session ${id} to stacks/Pulumi.${options.stack}.yaml; "sessions up" starts it.`);
}

function repository(text: string): { name: string; path?: string; url?: string } {
  const [name = "", where = ""] = text.split(/=(.*)/);
  if (where === "") throw new Error(`--repository: "${text}" names no place; write name=/path or name=https://host/path`);
  return /^[a-z]+:\/\//.test(where) ? { name, url: where } : { name, path: where };
}

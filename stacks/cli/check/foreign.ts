/** Files that check reads. */
import { readFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import type { PolicyConfig, Resource } from "../../../policy/evaluate.ts";
import { fromPreview, fromState } from "../../../policy/stack-files.ts";
import { path } from "../stack.ts";

/** Stands for standard input where a file is named. */
export const standardInput = "-";

/** The resources of a foreign stack. */
export interface Foreign {
  /** The file, or `stdin`. */
  readonly name: string;
  readonly resources: Resource[];
}

/** A stack export or a preview, by what is in it. @param file `-` reads standard input */
export async function readForeign(file: string): Promise<Foreign> {
  const isPiped = file === standardInput;
  const name = isPiped ? "stdin" : file;
  const content = isPiped ? parsed(await piped(), name) : readJson(file);
  const isPreview = typeof content === "object" && content !== null && "steps" in content;
  return { name, resources: isPreview ? fromPreview(content) : fromState(content) };
}

async function piped(): Promise<string> {
  if (process.stdin.isTTY) throw new Error("nothing is piped into check -; write pulumi stack export | sessions check -");
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk as string;
  return text;
}

/** The content of a `--policy-pack-config` file that the command line names. @throws InvalidArgumentError when it has not its form */
export function readConfig(file: string): PolicyConfig {
  try {
    const config = readJson(path(file));
    if (typeof config === "object" && config !== null && !Array.isArray(config)) return config as PolicyConfig;
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
  throw new InvalidArgumentError(`${file} must hold an object with a key for each rule, as policy/levels/local.json does.`);
}

export function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}); name a file that is there`);
  }
  return parsed(text, file);
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which may hold secrets.
    throw new Error(`${name} is no JSON; write it anew`);
  }
}

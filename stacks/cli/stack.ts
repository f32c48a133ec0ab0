import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Option } from "commander";
import { parse as parseYaml } from "yaml";
import { fromHome } from "../../components/session-volumes/host-path.ts";
import { ensureDemo } from "../demo.ts";
import { stackConfig, type StackSource } from "../configuration.ts";
import { nearest } from "../near.ts";
import { platformOf } from "../platforms/index.ts";
import type { LiveStack } from "../platforms/platform.ts";
import type { SessionRuntime } from "../runtime/runtime.ts";

/** The checkout's folder. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** The name in Pulumi.yaml. */
export const project = "agent-sessions";

/** Reads a path on the command line, which starts in the folder where that was typed. */
export const path = (text: string) => fromHome(text, process.cwd());

const usualStack = "local";

export function stackOption(): Option {
  return new Option("-s, --stack <name>", "the stack: stacks/Pulumi.<name>.yaml").env("PULUMI_STACK").default(usualStack);
}

/** A command as a person has to type it for a stack. @param command what follows `npx sessions` */
export function typed(command: string, stack: string): string {
  if (stack === (process.env.PULUMI_STACK ?? usualStack)) return `npx sessions ${command}`;
  const [own = "", ...rest] = command.split(" -- ");
  return [`npx sessions ${own} --stack ${stack}`, ...rest].join(" -- ");
}

/** Where a stack's settings stand. */
export function stackFile(stack: string): string {
  return join(root, "stacks", `Pulumi.${stack}.yaml`);
}

/** The stacks that have a file, sorted. */
export function stackNames(): string[] {
  return readdirSync(join(root, "stacks"))
    .flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? [])
    .sort();
}

/** Reads a stack file. @throws Error naming the stacks that are there, or what is no YAML */
export function loadStack(stack: string): StackSource {
  const file = stackFile(stack);
  if (!existsSync(file)) throw new Error(noStack(stack));
  const config = stackConfig(readYaml(file, stack), `stacks/Pulumi.${stack}.yaml`);
  ensureDemo(config, root);
  return { project, stack, root, config };
}

/** Says that a stack has no file, and which have one. */
export function noStack(stack: string): string {
  const known = stackNames();
  const near = nearest(stack, known);
  const way =
    known.length === 0
      ? `make it with "npx sessions add ID --stack ${stack}"`
      : `${near === undefined ? "" : `did you mean ${near}? `}there is: ${known.join(", ")}`;
  return `there is no stack "${stack}" (stacks/Pulumi.${stack}.yaml); ${way}`;
}

function readYaml(file: string, stack: string): unknown {
  try {
    return parseYaml(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Error(`stacks/Pulumi.${stack}.yaml is no YAML: ${(error as Error).message.trim()}`);
  }
}

/** What commands ask of the stack's sessions. @throws Error when the platform does not answer, naming where it was looked for */
export async function openRuntime(source: StackSource): Promise<SessionRuntime> {
  return (await platformOf(source)).runtime();
}

/** As `openRuntime`, for a command that changes something: where, is said first. */
export async function openToChange(source: StackSource): Promise<SessionRuntime> {
  const runtime = await openRuntime(source);
  sayWhere(runtime);
  return runtime;
}

/** Says on standard error where something is about to be changed. */
export function sayWhere({ where }: Pick<SessionRuntime, "where">): void {
  if (where !== undefined) console.error(where);
}

/** What is there of the stack. @throws Error when the platform does not answer, naming where it was looked for */
export async function openLiveStack(source: StackSource): Promise<LiveStack> {
  return (await platformOf(source)).open();
}

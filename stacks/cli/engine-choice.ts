import { spawn, spawnSync } from "node:child_process";
import { delimiter, dirname } from "node:path";
import { Option } from "commander";
import type { StackSource } from "../configuration.ts";
import { onlyVariable, type Secrets } from "../secrets.ts";
import type { BuiltInEngine, LiveStack, EngineName } from "../platforms/platform.ts";
import { strategyOf } from "../strategies/index.ts";
import { typed } from "./stack.ts";

export function engineOption(): Option {
  return new Option(
    "--engine <name>",
    "what deploys: the Pulumi CLI, or the engine built in; auto takes the one that made what is there, and the CLI where only it can",
  )
    .choices(["auto", "pulumi", "embedded"])
    .default("auto");
}

/**
 * Which engine a command uses: the owner of what is there; else Pulumi if its CLI, a login and the stack are there; else the
 * embedded one. Pulumi alone rolls out the strategies that the embedded engine does not know.
 *
 * @param owner of what is there
 * @throws Error when the engine that was asked for cannot, or does not own what is there, with the way out
 */
export function chooseEngine(asked: "auto" | EngineName, owner: EngineName | undefined, source: StackSource): EngineName {
  if (!strategyOf(source.config).embedded) {
    if (asked === "embedded")
      throw new Error("the embedded engine does not know this stack's strategy; Pulumi alone rolls it out, so leave --engine out");
    requirePulumi(source, "; Pulumi alone rolls out this stack's strategy");
    return "pulumi";
  }
  if (asked === "auto") return owner ?? (pulumiKnows(source) ? "pulumi" : "embedded");
  if (owner !== undefined && owner !== asked) {
    const adopt = asked === "embedded" ? " --adopt" : "";
    throw new Error(
      `the ${owner} engine made the sessions of this stack; to move over, run "${typed(`down --engine ${owner}`, source.stack)}", which keeps the data, then "${typed(`up --engine ${asked}${adopt}`, source.stack)}"`,
    );
  }
  if (asked === "pulumi") requirePulumi(source, ', or use "--engine embedded"');
  return asked;
}

/** The engine built in. @throws Error where the platform has none */
export async function needEngine(live: LiveStack, secrets?: Secrets): Promise<BuiltInEngine> {
  const engine = await live.engine?.(secrets);
  if (engine === undefined) throw new Error("Pulumi alone rolls this stack out, so leave --engine out");
  return engine;
}

/** @param rest how the sentence ends: another way out, or why there is none */
function requirePulumi(source: StackSource, rest: string): void {
  if (!hasPulumi()) throw new Error(`the Pulumi CLI is not in PATH; install it${rest}`);
  if (!pulumiKnows(source))
    throw new Error(
      `Pulumi knows no stack "${source.stack}", or nobody is logged in; run "pulumi login" and "pulumi stack init ${source.stack}" first${rest}`,
    );
}

function hasPulumi(): boolean {
  return spawnSync("pulumi", ["version"], { stdio: "ignore" }).status === 0;
}

function pulumiKnows({ stack, root }: StackSource): boolean {
  return (
    hasPulumi() &&
    spawnSync("pulumi", ["stack", "--show-name", "--stack", stack, "--non-interactive"], { cwd: root, stdio: "ignore" }).status === 0
  );
}

/** What the CLI is given: as many requests at once as the provider's waits of 2 s for each network and volume ask for. */
const pulumiOptions = ["--parallel", "64"];

/**
 * The CLI writes its whole state after every step, which takes most of the time of a destroy. With this it writes it once, at the
 * end. What a destroy that was killed has removed by then is still in the state, and the next destroy finds it gone, which is fine.
 */
const oneCheckpoint = { PULUMI_EXPERIMENTAL: "true", PULUMI_SKIP_CHECKPOINTS: "true" };

/**
 * Runs the Pulumi CLI on the stack, with this Node first in PATH. It asks on a terminal; without one, whoever runs the command
 * has agreed by running it. All that it prints goes to standard error, as standard output belongs to the command.
 *
 * @param options `more` for the CLI; with `only`, the program reads the secrets of these sessions alone, and `more` has to target
 *   nothing of the others
 * @returns its exit code
 */
export function runPulumi(
  operation: "up" | "destroy",
  options: { readonly yes?: boolean; readonly more?: readonly string[]; readonly only?: readonly string[] },
  { stack, root }: StackSource,
): Promise<number> {
  const agreed = options.yes === true || !process.stdin.isTTY || !process.stderr.isTTY;
  const args = [operation, "--stack", stack, ...pulumiOptions, ...(options.more ?? []), ...(agreed ? ["--yes"] : [])];
  const env = {
    ...process.env,
    ...(operation === "destroy" && oneCheckpoint),
    [onlyVariable]: options.only?.join(),
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ""}`,
  };
  return new Promise((resolve, reject) => {
    const child = spawn("pulumi", args, { cwd: root, stdio: ["inherit", 2, 2], env });
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { noteDeployment } from "../support/left-behind.ts";

const source = join(import.meta.dirname, "../..");

/** What a command's environment holds for Node, as its way in sets it. */
export const forNode = { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(source, "node_modules/.cache/node-compile") };

/** What Node runs for `sessions`, without the look at the packages, which are there. @param root the checkout's folder */
export function commandIn(root: string): readonly string[] {
  return ["--import", join(root, "stacks/late-packages.js"), join(root, "stacks/cli/main.ts")];
}

/** What a command left behind. */
export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A copy of the program with stack files of its own, in which `sessions` is run as a user runs it. */
export class Checkout {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), "agent-sessions-cli-")));
  readonly #variables: NodeJS.ProcessEnv;

  /** @param variables added to the environment of what is run in it */
  constructor(variables: NodeJS.ProcessEnv = {}) {
    this.#variables = variables;
    for (const room of ["stacks", "components", "policy", "images"])
      cpSync(join(source, room), join(this.root, room), { recursive: true, filter: (path) => !path.includes("node_modules") });
    for (const file of ["package.json", "Pulumi.yaml"]) cpSync(join(source, file), join(this.root, file));
    symlinkSync(join(source, "node_modules"), join(this.root, "node_modules"));
    noteDeployment("local", this.root);
  }

  stackFile(stack: string): string {
    return join(this.root, "stacks", `Pulumi.${stack}.yaml`);
  }

  /** Writes a stack file: as it is, or from the sessions in it and other keys beside them. */
  write(stack: string, content: string | readonly object[], more: Readonly<Record<string, unknown>> = {}): void {
    noteDeployment(stack, this.root);
    const keys = Object.entries({ sessions: content, ...more }).map(([key, value]) => [`agent-sessions:${key}`, value]);
    writeFileSync(this.stackFile(stack), typeof content === "string" ? content : stringify({ config: Object.fromEntries(keys) }));
  }

  /** Runs `sessions`; standard input is empty unless given. */
  run(args: readonly string[], input?: string): Promise<Result> {
    return this.spawn(process.execPath, [...commandIn(this.root), ...args], input);
  }

  /** Runs another program in the checkout, with this Node first in PATH. */
  runProgram(program: string, args: readonly string[]): Promise<Result> {
    return this.spawn(program, args);
  }

  /** Runs `sessions` on a terminal of 33 lines of 111 columns; `keys` are typed when the screen shows `prompt`. */
  runOnTerminal(args: readonly string[], prompt: RegExp, keys: string): Promise<Result> {
    const line = [process.execPath, ...commandIn(this.root), ...args].map((word) => `'${word}'`).join(" ");
    return this.spawn("script", ["-qefc", `stty rows 33 cols 111; ${line}`, "/dev/null"], keys, prompt);
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  private spawn(program: string, args: readonly string[], input?: string, prompt?: RegExp): Promise<Result> {
    return new Promise((resolve, reject) => {
      const { PULUMI_STACK, DEBUG, ...env } = process.env;
      const child = spawn(program, args, {
        cwd: this.root,
        env: { ...env, ...forNode, TERM: "no-such-terminal", ...this.#variables },
        stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      });
      let [stdout, stderr, typed] = ["", "", false];
      child.stdout!.setEncoding("utf8").on("data", (text: string) => {
        stdout += text;
        if (prompt === undefined || typed || !prompt.test(stdout)) return;
        typed = true;
        child.stdin?.write(input);
      });
      child.stderr!.setEncoding("utf8").on("data", (text: string) => {
        stderr += text;
      });
      if (prompt === undefined) child.stdin?.end(input);
      child.once("error", reject).once("close", (code) => {
        child.stdin?.destroy();
        resolve({ code, stdout, stderr });
      });
    });
  }
}

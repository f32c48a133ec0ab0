import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../engine/rig.ts";
import { commandIn, forNode } from "./checkout.ts";

/** A command of a checkout on a terminal of its own, whose keys are typed and whose screen is looked at while it runs. */
export class OnTerminal {
  readonly #child: ChildProcess;
  readonly #files: Readonly<Record<"device" | "process", string>>;
  #output = "";

  constructor(root: string, args: readonly string[], { rows, columns }: { rows: number; columns: number }) {
    this.#files = { device: join(root, "terminal"), process: join(root, "process") };
    const { device, process: pid } = this.#files;
    const command = [process.execPath, ...commandIn(root), ...args].map((word) => `'${word}'`).join(" ");
    // What follows the command says how it leaves the terminal.
    const line = `stty rows ${rows} cols ${columns}; tty > ${device}; (echo $BASHPID > ${pid}; exec ${command}); echo "ended $?"; stty -a | grep -oE -- '-?(icanon|echo)\\b'`;
    this.#child = spawn("script", ["-qefc", line, "/dev/null"], {
      cwd: root,
      env: { ...process.env, ...forNode, TERM: "xterm-256color", SHELL: "/bin/bash" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#output += text;
    });
  }

  /** All that came so far. */
  get output(): string {
    return this.#output;
  }

  /** The lines of the screen as they were drawn last, without their style. */
  get screen(): readonly string[] {
    const drawn = this.#output.split("\x1b[H").at(-1) ?? "";
    return (drawn.split("\x1b[J")[0] ?? "").split(/\r*\n/).map((line) => line.replace(/\x1b\[[0-9;]*[mK]/g, ""));
  }

  shows(what: RegExp): Promise<true> {
    return until(async () => what.test(this.screen.join("\n")), 60, `${what} on the screen`);
  }

  says(what: RegExp): Promise<true> {
    return until(async () => what.test(this.#output), 60, `${what} on the terminal`);
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  resize(rows: number, columns: number): void {
    execFileSync("stty", ["-F", readFileSync(this.#files.device, "utf8").trim(), "rows", String(rows), "cols", String(columns)]);
  }

  signal(name: NodeJS.Signals): void {
    process.kill(Number(readFileSync(this.#files.process, "utf8")), name);
  }

  /** Waits for its end. @returns all that came */
  async end(): Promise<string> {
    if (this.#child.exitCode === null) await once(this.#child, "close");
    return this.#output;
  }

  dispose(): void {
    this.#child.kill("SIGKILL");
  }
}

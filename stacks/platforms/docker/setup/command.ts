import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";

/** Receives one line of progress. */
export type Report = (line: string) => void;

/** A command that failed, with the end of what it printed. */
export class CommandError extends Error {}

/** The path of a program that the shell would find, or undefined. System folders count even where PATH leaves them out. */
export function which(program: string): string | undefined {
  return [...(process.env.PATH ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"]
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path));
}

/** Runs a command and reports each line that it prints. Rejects with the last lines when it fails. */
export function run(command: readonly string[], report: Report, environment: Record<string, string> = {}): Promise<void> {
  const [program, ...args] = command as [string, ...string[]];
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...environment } });
    const tail: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        tail.push(line);
        if (tail.length > 8) tail.shift();
        report(line);
      });
    }
    child.on("error", (error) => reject(new CommandError(`${program} cannot be started: ${error.message}`)));
    child.on("close", (code, signal) => {
      if (code === 0) resolve();
      else
        reject(new CommandError(`\`${command.join(" ")}\` ended with ${signal ?? code}:\n${tail.map((line) => `  ${line}`).join("\n")}`));
    });
  });
}

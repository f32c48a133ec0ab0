import { spawn } from "node:child_process";
import { existsSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { until } from "../rig.ts";
import { inPlace } from "./place.ts";

/** How a program was started, kept in a file since every file of tests is run by another process. */
interface Started {
  readonly pid: number;
  readonly command: readonly [string, ...string[]];
}

const noteOf = (name: string) => inPlace(`${name}.started.json`);

/** Starts a program that outlives this process; its output goes to `<name>.log` in the place. */
export function startProgram(name: string, ...command: readonly [string, ...string[]]): void {
  const log = openSync(inPlace(`${name}.log`), "a");
  const [file, ...args] = command;
  const child = spawn(file, args, { detached: true, stdio: ["ignore", log, log], env: { PATH: process.env.PATH } });
  if (child.pid === undefined) throw new Error(`${file} cannot be started`);
  child.unref();
  writeFileSync(noteOf(name), JSON.stringify({ pid: child.pid, command } satisfies Started));
}

const noted = (name: string) => JSON.parse(readFileSync(noteOf(name), "utf8")) as Started;

/** Starts a program again as it was started first. */
export function restartProgram(name: string): void {
  startProgram(name, ...noted(name).command);
}

/** Sends a signal to a program, and waits for its end unless the signal only holds it. */
export async function signalProgram(name: string, signal: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT"): Promise<void> {
  const { pid } = noted(name);
  process.kill(pid, signal);
  if (signal === "SIGKILL" || signal === "SIGTERM") await until(async () => !isRunning(pid), 30, `The end of ${name}`);
}

/** A process that has ended, and whose parent has not asked for its exit code yet, does not run. */
function isRunning(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && !/^\d+ \(.*\) [ZX] /.test(readFileSync(stat, "utf8"));
}

/** The end of a program's log, for an error. */
export function lastLines(name: string): string {
  return readFileSync(inPlace(`${name}.log`), "utf8")
    .trimEnd()
    .split("\n")
    .slice(-15)
    .join("\n");
}

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { hasSystemd } from "../../../../components/container-engine/here.ts";
import { run, type Report } from "./command.ts";
import { SetupError } from "./consent.ts";

const CONFIGURATION = "/etc/docker/daemon.json";

/** Settings for an engine that set-up starts: 4096 networks of 13 containers each, where Docker's own pools hold about 30. */
export function engineConfiguration(usedAddresses: readonly string[]): string {
  const free = ["10.201", "10.202", "10.203"].find((prefix) => !usedAddresses.some((address) => address.startsWith(`${prefix}.`)));
  const pool = { base: `${free ?? "10.201"}.0.0/16`, size: 28 };
  return `${JSON.stringify({ "default-address-pools": [pool] }, null, 2)}\n`;
}

/** Writes the engine's settings unless somebody has written some. */
export function configureEngine(report: Report): void {
  if (existsSync(CONFIGURATION)) return;
  mkdirSync(dirname(CONFIGURATION), { recursive: true });
  const used = Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));
  writeFileSync(CONFIGURATION, engineConfiguration(used));
  report(`Wrote ${CONFIGURATION}: address pools for more than 50 networks.`);
}

/**
 * Removes pid files of an engine that was killed. The engine refuses to start while a process of that number is there,
 * whatever that process is; after a restart of the machine it usually is another one.
 */
export function removeStalePidFile(path: string, program: string): boolean {
  if (!existsSync(path)) return false;
  const pid = readFileSync(path, "utf8").trim();
  try {
    if (readFileSync(`/proc/${pid}/comm`, "utf8").trim() === program) return false;
  } catch {
    // No such process.
  }
  rmSync(path, { force: true });
  return true;
}

export interface StartEngineOptions {
  /** Whether the engine answers now. */
  readonly probe: () => Promise<boolean>;
  readonly report: Report;
  /** Seconds until it must answer. @default 60 */
  readonly patience?: number;
  /** Where the engine writes what it does, when there is no service manager. @default /var/log/dockerd.log */
  readonly log?: string;
  /** Folder of the engine's pid files. @default /run */
  readonly runtimeFolder?: string;
}

/**
 * Starts the installed engine so that it outlives this process, and waits until it answers.
 *
 * @throws SetupError when it does not, with the end of its log.
 */
export async function startEngine({
  probe,
  report,
  patience = 60,
  log = "/var/log/dockerd.log",
  runtimeFolder = "/run",
}: StartEngineOptions): Promise<void> {
  if (runtimeFolder === "/run" && hasSystemd()) {
    report("Starting the engine (systemctl enable --now docker) …");
    await run(["systemctl", "enable", "--now", "docker"], report);
    if (await answers(probe, patience)) return;
    throw new SetupError("The engine was started and does not answer; see: journalctl -u docker -n 50");
  }
  // A second attempt, because the first may have stumbled over what a killed engine left behind and then cleaned it up.
  for (const attempt of [1, 2]) {
    removeStalePidFile(`${runtimeFolder}/docker.pid`, "dockerd");
    removeStalePidFile(`${runtimeFolder}/docker/containerd/containerd.pid`, "containerd");
    report(`Starting the engine (dockerd, log in ${log}) …`);
    const ended = detach("dockerd", log);
    if (await answers(probe, patience, ended)) return;
    if (!ended()) break;
    if (attempt === 1) report("The engine ended at once; trying once more …");
  }
  throw new SetupError(`The engine does not start. The end of ${log}:\n${tail(log)}`);
}

/** Starts a program in a session of its own, so that it outlives us and our terminal; the result says whether it has ended. */
function detach(program: string, log: string): () => boolean {
  const file = openSync(log, "a");
  const child = spawn(program, [], { detached: true, stdio: ["ignore", file, file] });
  closeSync(file);
  child.unref();
  let ended = false;
  const end = () => {
    ended = true;
  };
  child.on("exit", end).on("error", end);
  return () => ended;
}

/** Whether the engine answers within the time; stops early when `given` says that it never will. */
export async function answers(probe: () => Promise<boolean>, seconds: number, given: () => boolean = () => false): Promise<boolean> {
  const end = Date.now() + seconds * 1000;
  do {
    if (await probe()) return true;
    await delay(200);
  } while (Date.now() < end && !given());
  return await probe();
}

function tail(path: string): string {
  try {
    return readFileSync(path, "utf8")
      .trimEnd()
      .split("\n")
      .slice(-8)
      .map((line) => `  ${line}`)
      .join("\n");
  } catch {
    return "  (empty)";
  }
}

import { appendFileSync, chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectEngine } from "../../../components/container-engine/connect.ts";
import { findEngine } from "../../../components/container-engine/find.ts";

/**
 * Stands in for AWS's session-manager-plugin and for the agent that AWS has in a task: a command line is split as that agent splits
 * it, and run as root on a terminal in a container of Docker's. What the program says itself stands around what the command prints.
 */

/** What the stand-in does, which its line's address says. */
export interface StandIn {
  /** What it says instead of running anything. */
  readonly says?: string;
  /** In which container of Docker's the command runs. */
  readonly container?: string;
  readonly command?: string;
  /** A file to which a line is added: how it was started. */
  readonly record?: string;
}

export const addressOf = (what: StandIn): string => `wss://stand-in/?${new URLSearchParams({ ...what })}`;

/** Puts the stand-in into a folder for programs. */
export function installPlugin(folder: string, version = "1.2.650.0"): void {
  const file = join(folder, "session-manager-plugin");
  const run = `exec "${process.execPath}" "${fileURLToPath(import.meta.url)}" "$@"`;
  writeFileSync(file, `#!/bin/sh\n[ "$1" != --version ] || { echo ${version}; exit; }\n${run}\n`);
  chmodSync(file, 0o755);
}

/** Its agent splits a command line by the rules of a shell's words. */
const split = "import os, shlex, sys; words = shlex.split(sys.argv[1]); os.execvp(words[0], words)";

async function run(container: string, command: string): Promise<void> {
  const docker = connectEngine(await findEngine());
  const streams = { AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: true };
  const exec = await docker.getContainer(container).exec({ Cmd: ["python3", "-c", split, command], User: "0:0", ...streams });
  const line = await exec.start({ hijack: true, stdin: true, Tty: true });
  line.pipe(process.stdout, { end: false });
  // What it is given by itself, a line feed becomes the key of that name.
  process.stdin.on("data", (piece: Buffer) => line.write(piece.equals(Buffer.of(10)) ? Buffer.of(13) : piece));
  // It ends with its input, whatever the command still does.
  process.stdin.once("end", () => process.exit());
  await new Promise((resolve) => line.once("end", resolve).once("close", resolve));
}

async function main([variable = "", ...rest]: readonly string[]): Promise<void> {
  const answer = process.env[variable];
  if (!variable.startsWith("AWS_SSM_START_SESSION_RESPONSE") || answer === undefined) throw new Error("no answer of AWS's is there");
  const { SessionId, StreamUrl, TokenValue } = JSON.parse(answer) as Record<string, string>;
  const { says, container, command, record }: StandIn = Object.fromEntries(new URL(StreamUrl ?? "").searchParams);
  if (record !== undefined) appendFileSync(record, `${JSON.stringify({ argv: process.argv.slice(2), rest, TokenValue })}\n`);
  process.stdout.write(`\nStarting session with SessionId: ${SessionId}\n`);
  if (says !== undefined) process.stdout.write(says.replace("TOKEN", TokenValue ?? ""));
  else await run(container ?? "", command ?? "");
  process.stdout.write(`\n\nExiting session with sessionId: ${SessionId}.\n\n`, () => process.exit());
}

if (import.meta.main) await main(process.argv.slice(2));

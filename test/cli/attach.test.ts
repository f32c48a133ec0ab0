import { execFile } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { enter } from "../../stacks/cli/attach.ts";
import type { Health, SessionRuntime } from "../../stacks/runtime/runtime.ts";
import { temporaryFolder } from "../support/folder.ts";

/** What attach makes of a session that runs, with a tmux that tells by a file whether the agent's terminal is open. */

const folder = temporaryFolder("attach");
writeFileSync(
  join(folder, "tmux"),
  `#!/bin/sh\n[ -e ${folder}/open ] || { echo "can't find session: claude" >&2; exit 1; }\n[ $1 = attach ] && exit 5 || exit 0\n`,
);
chmodSync(join(folder, "tmux"), 0o755);
const source = { project: "agent-sessions", stack: "attach", root: folder, config: {} };

function entering(health: Pick<Health, "state"> & Partial<Health>): Promise<number> {
  const start = async (command: readonly string[]) => {
    const [program = "", ...words] = command;
    const ended = new Promise<number>((resolve) => {
      execFile(program, words, { env: { PATH: `${folder}:${process.env.PATH}` } }, (error) => resolve(Number(error?.code ?? 0)));
    });
    return {
      input: { end() {}, on() {}, once() {}, emit() {}, removeListener() {}, write: () => true },
      carry: async () => void (await ended),
      resize() {},
      close() {},
      exitCode: () => ended,
    };
  };
  const session = { id: "one", state: "running", start, health: async () => ({ session: "one", container: "c", ...health }) };
  return enter({ list: async () => [session] } as unknown as SessionRuntime, source, "one");
}

test("a session whose agent is not there yet is named with its state and the way on, and not in tmux's words", async () => {
  const way =
    'and its agent\'s terminal is not open; "npx sessions logs one --follow --stack attach" shows what it does, and attach enters it when "npx sessions list --stack attach" shows that it is healthy';
  await expect(entering({ state: "starting" })).rejects.toThrow(`session "one" is starting, ${way}`);
  await expect(entering({ state: "starting", why: "exit 3, 2 starts" })).rejects.toThrow(
    `session "one" is starting (exit 3, 2 starts), ${way}`,
  );
});

test("a terminal that is open is entered, whatever is known of the session's health", async () => {
  writeFileSync(join(folder, "open"), "");
  expect(await entering({ state: "starting" })).toBe(5);
});

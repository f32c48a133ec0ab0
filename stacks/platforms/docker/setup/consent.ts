import { createInterface } from "node:readline/promises";

/** Whether set-up may change this machine: `ask` asks where there is a terminal and goes on where there is none. */
export type Install = "ask" | "yes" | "no";

/** Something that a person has to do first; the message says what. It is printed without a stack. */
export class SetupError extends Error {}

/**
 * Returns when set-up may do what `plan` lists, one line each.
 *
 * @throws SetupError when it may not, with `otherwise` as the way out.
 */
export async function consent(plan: readonly string[], install: Install, otherwise: string, report: (line: string) => void): Promise<void> {
  const list = plan.map((line) => `  - ${line}`).join("\n");
  if (install === "no") throw new SetupError(`This would be needed, and --no-install forbids it:\n${list}\n${otherwise}`);
  report("This machine lacks something. Set-up is going to:");
  for (const line of plan) report(`  - ${line}`);
  if (install === "yes" || !process.stdin.isTTY || !process.stderr.isTTY) return;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question("Go on? [Y/n] ");
    if (!/^\s*(y|yes)?\s*$/i.test(answer)) throw new SetupError(`Nothing was changed. ${otherwise}`);
  } finally {
    terminal.close();
  }
}

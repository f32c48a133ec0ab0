import { spawnSync } from "node:child_process";
import { constants } from "node:os";
import { resolve } from "node:path";
import type { Command } from "commander";
import type { StackSource } from "../configuration.ts";
import type { Health, Session, SessionRuntime } from "../runtime/runtime.ts";
import { hasEnded, stateText } from "../runtime/session-state.ts";
import { addEntry, type EntryOptions, entryOptions, type Task, task } from "./entry.ts";
import { platformOf } from "../platforms/index.ts";
import { linesSince } from "../runtime/printed.ts";
import { outputOf } from "./exec.ts";
import { plain } from "../printable.ts";
import { type Pulled, pulledText, pullSession } from "./pull.ts";
import { removeFromFile } from "./remove.ts";
import { longestText } from "../settings/agent.ts";
import { readRegular } from "../settings/regular-file.ts";
import { settingsOf } from "../settings.ts";
import { rollOut } from "./roll-out.ts";
import { loadStack, openLiveStack, root, stackOption, typed } from "./stack.ts";
import { idsIn, openDocument } from "./stack-document.ts";
import { takeDown } from "./take-down.ts";

interface Options extends EntryOptions {
  readonly stack: string;
  readonly id?: string;
  readonly rm?: boolean;
  readonly install: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function register(program: Command): void {
  const command = program
    .command("run")
    .description(
      "Have an agent do a task in a session of its own: follow what it says, print its result, bring its commits out as the branch session/<id>. The exit code is the agent's.",
    )
    .argument("<task>", "what the agent is to do, or @FILE that says it", task)
    .addOption(stackOption())
    .option("--id <id>", "the session's id; made from the task when left out");
  entryOptions(command)
    .option(
      "--rm",
      "leave nothing but the branch: what is not committed is committed, then the session is removed with its data, after a question where other work would be lost",
    )
    .option("--no-install", "install nothing on this machine")
    .option("-y, --yes", "do not ask")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      '\nExample:\n  npx sessions run "Fix the failing test and commit" --repository . --key-env ANTHROPIC_API_KEY --rm\n',
    )
    .action(run);
}

async function run(work: Task, options: Options): Promise<void> {
  const { stack, rm = false } = options;
  const id = await addEntry(stack, (taken) => options.id ?? freeId(taken, work, options), options, work);
  const interrupted = onInterrupt(() => console.error(`\nsessions: ${wayOn(id, stack)}`));
  try {
    const source = loadStack(stack);
    const runtime = await start(source, id, options);
    const session = runtime.session(id);
    const end = await follow(session);
    const result = await resultOf(session);
    const pulled = await bringOut(runtime, source, id, rm);
    const exitCode = end.state === "complete" ? 0 : end.exitCode || 1;
    if (options.json) console.log(JSON.stringify({ session: id, state: end.state, exitCode, result, pulled }, null, 2));
    else {
      if (result !== undefined) console.log(plain(result));
      console.error(`Session ${id}: ${stateText(end)}`);
      if (pulled.length > 0) console.error(pulledText(id, pulled, stack));
    }
    process.exitCode = exitCode;
    if (rm) await removeAll(source, id);
    else console.error(`${typed(`attach ${id}`, stack)} shows it; ${typed(`remove ${id} --delete-data`, stack)} removes it.`);
  } catch (error) {
    if (idsIn(openDocument(stack).document).includes(id)) console.error(`sessions: ${wayOn(id, stack)}`);
    throw error;
  } finally {
    interrupted();
  }
}

/** Brings a new session up. Where nothing of it was made, it leaves the stack file again. */
async function start(source: StackSource, id: string, { install, yes = false }: Options): Promise<SessionRuntime> {
  console.error(`Session ${id}: starting …`);
  try {
    // Nothing that runs is changed, so there is no plan to agree to; an installation still is.
    const asked = { engine: "auto", only: [id], parallel: "16", install, yes, unasked: true, waits: true } as const;
    const rolledOut = await rollOut(source, asked, { say: (line) => console.error(line), detail: () => {} });
    if (rolledOut === undefined) throw new Error(`session "${id}" was not started`);
    console.error(`Session ${id}: at work`);
    return rolledOut.runtime;
  } catch (error) {
    const live = await (await platformOf(source)).reach();
    if (!(await live?.sessions())?.includes(id)) await removeFromFile(source.stack, id);
    throw error;
  }
}

const wayOn = (id: string, stack: string) =>
  `session "${id}" is in the stack file, and goes on where it is up: "${typed(`logs ${id} --follow`, stack)}" shows it, "${typed(`pull ${id}`, stack)}" brings out what it has, "${typed(`up --only ${id}`, stack)}" starts it where it is not, "${typed(`remove ${id} --delete-data`, stack)}" removes it`;

/** Says something and ends when this process is told to end. @returns what takes that back */
function onInterrupt(say: () => void): () => void {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const end = (signal: NodeJS.Signals) => {
    say();
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of signals) process.prependListener(signal, end);
  return () => {
    for (const signal of signals) process.off(signal, end);
  };
}

/** An id made of the task's first words, which neither the stack nor a branch of the repositories has yet. */
function freeId(taken: readonly string[], work: Task, { repository = [] }: EntryOptions): string {
  const text = "task" in work ? work.task : readRegular(resolve(root, work.taskFile), longestText);
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? ["task"];
  const stem = words.slice(0, 4).join("-").slice(0, 32).replace(/-$/, "");
  const hasBranch = (id: string) =>
    repository.some(
      ({ path }) =>
        path !== undefined &&
        spawnSync("git", ["-C", resolve(root, path), "rev-parse", "--quiet", "--verify", `refs/heads/session/${id}`]).status === 0,
    );
  for (let number = 1; ; number += 1) {
    const id = number === 1 ? stem : `${stem}-${number}`;
    if (!taken.includes(id) && !hasBranch(id)) return id;
  }
}

/** Starts of a session that never comes to its agent, after which it is given up. */
const mostStarts = 3;

/** Prints what a session says, until its agent has ended. @throws Error when it cannot end any more */
async function follow(session: Session): Promise<Health> {
  let last = "";
  for (let stopped = 0; ; ) {
    const health = await session.health();
    const lines = await linesSince(session, last);
    for (const line of lines) {
      last = line.slice(0, line.indexOf(" "));
      console.error(plain(line.slice(last.length + 1)));
    }
    // A long log comes in pieces.
    if (lines.length > 0 && hasEnded(health)) continue;
    if (hasEnded(health)) return health;
    stopped = health.state === "stopped" ? stopped + 1 : 0;
    if (stopped > 3 || (health.state === "unhealthy" && (health.starts ?? 0) > mostStarts))
      throw new Error(`session "${session.id}" is ${stateText(health)}, and nothing of its agent runs`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/** What the agent says at its end; nothing where it has left no result. */
async function resultOf(session: Session): Promise<string | undefined> {
  const { text } = await outputOf(session, ["cat", "/session/result.json"], 1024 ** 2);
  try {
    const { result } = JSON.parse(text) as { result?: unknown };
    return typeof result === "string" ? result : undefined;
  } catch {
    return undefined;
  }
}

/** Brings out what can be brought without being asked where to. */
async function bringOut(runtime: SessionRuntime, source: StackSource, id: string, commit: boolean): Promise<Pulled[]> {
  const session = settingsOf(source).sessions.find((entry) => entry.id === id);
  const pulled: Pulled[] = [];
  for (const { name, ...repository } of session?.repositories ?? []) {
    if (repository.kind === "url" && repository.hostPath === undefined)
      console.error(
        `${name} was cloned from a URL; "${typed(`pull ${id} --repository ${name} --into FOLDER`, source.stack)}" brings its commits out`,
      );
    else pulled.push(...(await pullSession(runtime, source, id, { repository: name, commit })));
  }
  return pulled;
}

/** Leaves nothing of the session; what would be lost with it keeps it. */
async function removeAll(source: StackSource, id: string): Promise<void> {
  const taken = await takeDown(source, await openLiveStack(source), [id], { engine: "auto", yes: true, deleteData: true, waits: true });
  if (taken === undefined) return;
  if (taken.failures.length > 0) throw new Error(`not removed: ${taken.failures.join("; ")}`);
  await removeFromFile(source.stack, id);
}

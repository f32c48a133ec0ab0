import { createInterface } from "node:readline/promises";
import type { StackSource } from "../configuration.ts";
import { identify } from "../identity.ts";
import { lock } from "../lock.ts";
import type { LiveStack, EngineName, Workspace } from "../platforms/platform.ts";
import { resourcesOf } from "../recorder/as-new.ts";
import { recordStack } from "../recorder/stack.ts";
import { UnreadSecrets } from "../secrets.ts";
import { chooseEngine, needEngine, runPulumi } from "./engine-choice.ts";
import { noSession } from "./sessions.ts";
import { sayWhere } from "./stack.ts";
import { unpulledIn, unpulledText } from "./unpulled.ts";

export interface TakeDownOptions {
  readonly engine: "auto" | EngineName;
  readonly yes?: boolean;
  readonly deleteData?: boolean;
  /** What is lost with the data is not asked about. */
  readonly force?: boolean;
  /** Another run on the stack is waited for. */
  readonly waits?: boolean;
}

export interface TakenDown {
  readonly removed: readonly string[];
  /** Volumes that stay, with their data. */
  readonly kept: readonly string[];
  readonly failures: readonly string[];
}

/**
 * Takes sessions off their platform, those named or all. A run that was killed is made good by the same call.
 *
 * @param ids all of the stack when left out
 * @returns nothing, with the exit code set, when somebody did not agree or the Pulumi CLI failed
 */
export async function takeDown(
  source: StackSource,
  live: LiveStack,
  ids: readonly string[] | undefined,
  options: TakeDownOptions,
): Promise<TakenDown | undefined> {
  sayWhere(live.runtime);
  const name = chooseEngine(options.engine, await live.owner(), source);
  if (options.deleteData && !(await agreedToLose(live, ids, options))) return undefined;
  const take = name === "pulumi" ? withPulumi : withBuiltIn;
  const taken = await take(source, live, ids, options);
  return taken && { ...taken, kept: await live.data(ids) };
}

type Take = (...given: Parameters<typeof takeDown>) => Promise<Omit<TakenDown, "kept"> | undefined>;

const withPulumi: Take = async (source, live, ids, options) => {
  const targets = ids === undefined ? [] : await urnsOf(source, ids);
  const more = targets.flatMap((urn) => ["--target", urn]);
  const code = ids !== undefined && targets.length === 0 ? 0 : await runPulumi("destroy", { ...options, more }, source);
  if (code !== 0) {
    process.exitCode = code;
    return undefined;
  }
  const [removed, failures]: [string[], string[]] = [[], []];
  // The CLI does not know of it.
  if (ids === undefined) await (await live.cleaner?.())?.forget();
  // The CLI forgets the volumes and leaves them.
  for (const volume of options.deleteData ? await live.data(ids) : [])
    await live.removeData(volume).then(
      () => removed.push(volume),
      (error: Error) => failures.push(`${volume}: ${error.message}`),
    );
  return { removed, failures };
};

const withBuiltIn: Take = async (source, live, ids, options) => {
  const release = await lock(identify(source.project, source.stack, source.root).deployment, options.waits ? () => {} : undefined);
  try {
    const engine = await needEngine(live);
    const removed: string[] = [];
    const failures = await engine.remove(ids, options.deleteData === true, (type, name) => {
      removed.push(name);
      process.stderr.write(`  removed ${type} ${name}\n`);
    });
    return { removed, failures };
  } finally {
    release();
  }
};

/** What was taken down, as people read it; failures go to standard error, and the exit code says that there were some. */
export function report({ removed, kept, failures }: TakenDown, json = false): void {
  if (json) console.log(JSON.stringify({ removed, kept, failures }, null, 2));
  else
    console.log(
      `${removed.length === 0 ? "Nothing was there to remove." : `Removed ${removed.length} objects.`}${kept.length > 0 ? `\nKept with their data: ${kept.join(", ")}` : ""}`,
    );
  for (const failure of failures) console.error(`not removed: ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
}

/** What the Pulumi CLI is to destroy: what the program makes for these sessions. */
async function urnsOf(source: StackSource, ids: readonly string[]): Promise<string[]> {
  const { registrations } = await recordStack(source, new UnreadSecrets());
  return [...resourcesOf(registrations, ids).values()].flat().map(({ urn }) => urn);
}

/** Names the work that is nowhere else, and asks. @throws Error when there is some, no terminal, and no --force */
async function agreedToLose(live: LiveStack, ids: readonly string[] | undefined, { force }: TakeDownOptions): Promise<boolean> {
  if (force) return true;
  const lines = (await Promise.all((await live.workspaces(ids)).map(lossOf))).flat();
  if (lines.length === 0) return true;
  const text = `With their data this is lost:\n${lines.map((line) => `  ${line}`).join("\n")}`;
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new Error(`nothing was removed. ${text}\n"npx sessions pull" brings commits out; --force removes them all the same`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    if (/^\s*y(es)?\s*$/i.test(await terminal.question(`${text}\nGo on? [y/N] `))) return true;
    console.error("Nothing was removed.");
    process.exitCode = 1;
    return false;
  } finally {
    terminal.close();
  }
}

/** What is lost with a workspace, a line for each repository and one for what is in none. */
async function lossOf({ session, inside }: Workspace): Promise<string[]> {
  try {
    return (await inside((place) => unpulledIn(place))).map((work) => `${session}: ${unpulledText(work)}`);
  } catch (error) {
    return [`${session}: what is in its workspace cannot be told (${(error as Error).message})`];
  }
}

/** @throws Error when a session is neither there nor in the stack file */
export async function refuseUnknown(
  source: StackSource,
  live: LiveStack,
  ids: readonly string[],
  described: readonly string[],
): Promise<void> {
  const known = [...new Set([...described, ...(await live.sessions())])].sort();
  const unknown = ids.filter((id) => !known.includes(id));
  if (unknown.length > 0) throw new Error(noSession(unknown, `stack ${source.stack}`, known));
}

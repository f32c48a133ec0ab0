import { createInterface } from "node:readline/promises";
import type { StackSource } from "../configuration.ts";
import type { EngineClient } from "../../components/container-engine/connect.ts";
import { authStem, cloneParts, credentialProxyName } from "../../components/session.ts";
import { baseline } from "../../policy/baseline.ts";
import { EmbeddedEngine } from "../embedded/engine.ts";
import { labelNames } from "../../components/container-engine/object-labels.ts";
import { emptyLive, type Live, type LiveObject } from "../embedded/live.ts";
import { lock } from "../lock.ts";
import type { Registration } from "../recorder/program.ts";
import { UnreadSecrets } from "../secrets.ts";
import { chooseEngine, type EngineName, runPulumi } from "./engine-choice.ts";
import { noSession } from "./sessions.ts";
import { type Unpulled, unpulledIn, unpulledText } from "./unpulled.ts";
import { DockerRuntime } from "../runtime/docker.ts";

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
 * Takes sessions off the engine, those named or all. A run that was killed is made good by the same call.
 *
 * @param ids all of the stack when left out
 * @returns nothing, with the exit code set, when somebody did not agree or the Pulumi CLI failed
 */
export async function takeDown(
  source: StackSource,
  docker: EngineClient,
  ids: readonly string[] | undefined,
  options: TakeDownOptions,
): Promise<TakenDown | undefined> {
  const engine = new EmbeddedEngine(source, docker);
  const runtime = new DockerRuntime(docker, source);
  const before = await engine.live();
  const name = chooseEngine(options.engine, before, engine.identity, source);
  const ofStack = (live: Live) => live.objects.filter((object) => isOf(object, engine, source));
  const volumesOf = async () =>
    chosen(ofStack(await engine.live()), ids).filter(({ kind, labels }) => kind === "volume" && labels.session_id !== undefined);
  if (options.deleteData && !(await agreedToLose(runtime, ofStack(before), ids, options))) return undefined;

  const removed: string[] = [];
  const failures: string[] = [];
  if (name === "pulumi") {
    const targets = ids === undefined ? [] : await urnsOf(engine, ids);
    const more = targets.flatMap((urn) => ["--target", urn]);
    const code = ids !== undefined && targets.length === 0 ? 0 : await runPulumi("destroy", { ...options, more }, source);
    if (code !== 0) {
      process.exitCode = code;
      return undefined;
    }
    // The CLI forgets the volumes and leaves them; they carry the stack's label.
    if (options.deleteData)
      for (const volume of await volumesOf())
        await engine.removeVolume(volume.name).then(
          () => removed.push(volume.name),
          (error: Error) => failures.push(`${volume.name}: ${error.message}`),
        );
  } else {
    const release = await lock(engine.identity.deployment, options.waits ? () => {} : undefined);
    try {
      const live = await engine.live();
      const going = new Set(chosen(live.own, ids));
      const steps = engine.teardown(live, options.deleteData === true).filter((step) => step.live !== undefined && going.has(step.live));
      failures.push(
        ...(await engine.remove(steps, (step) => {
          removed.push(step.name);
          process.stderr.write(`  removed ${step.type} ${step.name}\n`);
        })),
      );
    } finally {
      release();
    }
  }
  return { removed, kept: (await volumesOf()).map((volume) => volume.name).sort(), failures };
}

/** Whether an object is the stack's, whichever engine made it: the Pulumi CLI's carry no deployment. */
function isOf({ labels }: LiveObject, { identity }: EmbeddedEngine, { project, stack }: StackSource): boolean {
  const { [labelNames.deployment]: deployment = identity.deployment } = labels;
  return labels.created_by === baseline.createdBy && labels.stack === `${project}/${stack}` && deployment === identity.deployment;
}

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

/** The objects of the sessions named, and of clones that no other session has mounted. */
function chosen(objects: readonly LiveObject[], ids: readonly string[] | undefined): readonly LiveObject[] {
  if (ids === undefined) return objects;
  // Networks that no session is in are labelled as none's.
  const networks = new Set(ids.flatMap((id) => [authStem(id), credentialProxyName(id)]));
  const ofThem = ({ kind, name, labels }: LiveObject) =>
    ids.some((id) => labels.session_id === id || labels.serves === id) || (kind === "network" && networks.has(name));
  const isClone = ({ labels }: LiveObject) => labels.kind === "repository";
  const mounted = new Set(objects.flatMap((object) => (isClone(object) || ofThem(object) ? [] : (object.volumes ?? []))));
  const inUse = ({ name }: LiveObject) => [...mounted].some((volume) => cloneParts(volume).includes(name));
  return objects.filter((object) => ofThem(object) || (isClone(object) && !inUse(object)));
}

/** What the Pulumi CLI is to destroy: what the program makes for these sessions, each below a component of the session's name. */
async function urnsOf(engine: EmbeddedEngine, ids: readonly string[]): Promise<string[]> {
  const { plan } = await engine.plan(emptyLive(engine.identity), { secrets: new UnreadSecrets() });
  const known = new Map(plan.run.registrations.map((registration) => [registration.urn, registration]));
  const top = (registration: Registration): Registration => {
    const parent = known.get(registration.parent ?? "");
    return parent === undefined || parent.type === "pulumi:pulumi:Stack" ? registration : top(parent);
  };
  return plan.run.registrations.filter((registration) => ids.includes(top(registration).name)).map(({ urn }) => urn);
}

/** Names the work that is nowhere else, and asks. @throws Error when there is some, no terminal, and no --force */
async function agreedToLose(
  runtime: DockerRuntime,
  objects: readonly LiveObject[],
  ids: readonly string[] | undefined,
  { force }: TakeDownOptions,
): Promise<boolean> {
  if (force) return true;
  const lines = (
    await Promise.all(
      chosen(objects, ids)
        .filter(isWorkspace)
        .map((volume) => lossOf(runtime, volume, objects)),
    )
  ).flat();
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

const isWorkspace = ({ kind, labels }: LiveObject) => kind === "volume" && labels.kind === "workspace" && labels.session_id !== undefined;

/** What is lost with a workspace, a line for each repository. */
async function lossOf(runtime: DockerRuntime, { name, labels }: LiveObject, objects: readonly LiveObject[]): Promise<string[]> {
  const id = labels.session_id ?? "";
  const session = objects.find(
    (object) => object.kind === "container" && object.labels.session_id === id && object.labels.kind === undefined,
  );
  try {
    const found: Unpulled[] =
      session === undefined
        ? await runtime.inVolume(name, (place) => unpulledIn(place))
        : await runtime.session(id).inWorkspace((place) => unpulledIn(place));
    return found.map((work) => `${id}: ${work.repository}: ${unpulledText(work)}`);
  } catch (error) {
    return [`${id}: what is in its workspace cannot be told (${(error as Error).message})`];
  }
}

/** @throws Error when a session is neither on the engine nor in the stack file */
export async function refuseUnknown(
  source: StackSource,
  docker: EngineClient,
  ids: readonly string[],
  described: readonly string[],
): Promise<void> {
  const engine = new EmbeddedEngine(source, docker);
  const { objects } = await engine.live();
  const there = objects.flatMap((object) => (isOf(object, engine, source) ? (object.labels.session_id ?? []) : []));
  const known = [...new Set([...described, ...there])].sort();
  const unknown = ids.filter((id) => !known.includes(id));
  if (unknown.length > 0) throw new Error(noSession(unknown, `stack ${source.stack}`, known));
}

import type Docker from "dockerode";
import { ignore } from "../../../../components/container-engine/answers.ts";
import { removeContainer } from "../../../embedded/docker/container.ts";
import { removeNetwork } from "../../../embedded/docker/network.ts";
import { removeVolume } from "../../../embedded/docker/volume.ts";
import type { CleanupPolicy } from "../../../settings/cleanup.ts";
import { formatSize } from "../../../units.ts";
import type { Archived } from "../../cleanup.ts";
import type { Say } from "../../platform.ts";
import { archive } from "./archive-file.ts";
import type { Thing } from "./survey.ts";
import { readingVolume } from "./volume.ts";

/** What removing takes. */
export interface Means {
  readonly docker: Docker;
  readonly policy: CleanupPolicy;
  /** Of the container by which a volume is read. */
  readonly readerLabels: Readonly<Record<string, string>>;
  readonly say: Say;
}

/** What became of one thing; one whose turn did not come is in none. */
export interface Done {
  readonly thing: Thing;
  readonly archive?: Archived;
  /** Why it is still there. */
  readonly error?: string;
}

/**
 * Removes what goes of one session, all together: what runs is stopped, volumes are archived, and only when every archive is whole
 * is anything removed. Where one fails, what was stopped is started again.
 *
 * @throws Error when nothing was removed
 */
export async function removeThings(things: readonly Thing[], means: Means): Promise<readonly Done[]> {
  const { docker, policy } = means;
  const containers = things.filter(({ kind }) => kind === "container");
  const stopped = policy.grace === undefined ? [] : await stopAll(docker, containers, policy.grace);
  let archives: ReadonlyMap<string, Archived>;
  try {
    archives = await archiveAll(things, means);
    await refuseStarted(docker, stopped);
  } catch (error) {
    for (const { thing } of stopped) await docker.getContainer(thing.id).start().catch(ignore(304, 404));
    throw error;
  }
  const done: Done[] = [];
  for (const thing of things.toSorted((one, other) => turn(one) - turn(other))) {
    const kept = thing.kind === "volume" ? archives.get(thing.name) : undefined;
    const error = await remove(docker, thing, policy).then(
      () => undefined,
      (error: Error) => error.message,
    );
    done.push({ thing, ...(kept !== undefined && { archive: kept }), ...(error !== undefined && { error }) });
    // What comes after it is in use by it.
    if (error !== undefined && thing.kind === "container") break;
  }
  return done;
}

/** The session before what serves it, containers before what they use. */
const turn = ({ kind, main }: Thing) => (main ? 0 : ["container", "network", "volume"].indexOf(kind) + 1);

interface Stopped {
  readonly thing: Thing;
  /** The start that was ended. */
  readonly started: string;
}

/** The session first, since what serves it is of use to it until its end. */
async function stopAll(docker: Docker, containers: readonly Thing[], grace: number): Promise<Stopped[]> {
  const stopped: Stopped[] = [];
  for (const thing of containers.filter(({ running }) => running).sort((one, other) => Number(other.main) - Number(one.main))) {
    const container = docker.getContainer(thing.id);
    await container.stop({ t: grace }).catch(ignore(304, 404));
    const found = await container.inspect().catch(ignore(404));
    if (found !== undefined) stopped.push({ thing, started: found.State.StartedAt });
  }
  return stopped;
}

/** What ran again while its volumes were read may have changed them. */
async function refuseStarted(docker: Docker, stopped: readonly Stopped[]): Promise<void> {
  for (const { thing, started } of stopped) {
    const found = await docker.getContainer(thing.id).inspect().catch(ignore(404));
    if (found !== undefined && found.State.StartedAt !== started)
      throw new Error(`somebody started container ${thing.name} while its volumes were archived, so nothing is removed`);
  }
}

async function archiveAll(things: readonly Thing[], { docker, policy, readerLabels, say }: Means): Promise<Map<string, Archived>> {
  const archives = new Map<string, Archived>();
  const setting = policy.archive;
  if (setting === undefined) return archives;
  for (const { name, made, data } of things) {
    if (data === undefined) continue;
    const told = slowly((bytes) => say(`${name}: ${formatSize(bytes)} read`));
    say(`${name} is archived to ${setting.folder}`);
    try {
      const kept = await readingVolume(docker, name, readerLabels, (read) =>
        archive({ name: `${name}-${stamp(made)}`, read }, setting, told),
      );
      archives.set(name, kept);
    } catch (error) {
      throw new Error(`${name} was not archived, so nothing is removed: ${(error as Error).message}`);
    }
  }
  return archives;
}

/** `20270331T120000Z` */
const stamp = (time: number) => (Number.isFinite(time) ? new Date(time).toISOString().replace(/\.\d+|[:-]/g, "") : "volume");

/** Tells no more often than every ten seconds, and not in the first ten. */
function slowly(tell: (bytes: number) => void): (bytes: number) => void {
  let last = Date.now();
  return (bytes) => {
    if (Date.now() - last < 10_000) return;
    last = Date.now();
    tell(bytes);
  };
}

/** What runs again, or is in use again, the engine does not remove. */
function remove(docker: Docker, { kind, id, name }: Thing, { grace }: CleanupPolicy): Promise<unknown> {
  switch (kind) {
    case "container":
      return grace === undefined ? removeContainer(docker, id, 0) : docker.getContainer(id).remove().catch(ignore(404));
    case "network":
      return removeNetwork(docker, id);
    case "volume":
      return removeVolume(docker, name);
  }
}

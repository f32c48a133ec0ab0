import type Docker from "dockerode";
import { ignore } from "../../../../components/container-engine/answers.ts";
import { measureVolumes } from "../../../../components/container-engine/disk-usage.ts";
import { labelNames } from "../../../../components/container-engine/object-labels.ts";
import { readLive, type Live, type LiveObject } from "../../../embedded/live.ts";
import type { Identity } from "../../../identity.ts";
import type { CleanupPolicy } from "../../../settings/cleanup.ts";
import { containerName } from "../../../../components/session.ts";
import { someAtOnce } from "../../../runtime/health.ts";
import {
  type Cleaner,
  type CleanupPlan,
  type CleanupRequest,
  freedBy,
  type Item,
  type LastRun,
  type Removal,
  type Removed,
} from "../../cleanup.ts";
import type { EngineName, Say } from "../../platform.ts";
import { type Done, removeThings } from "./carry-out.ts";
import { type Circumstances, decideCleanup, type Verdict } from "./decide.ts";
import { type EngineDisk, engineDisk, percentUsed } from "./disk.ts";
import { cleanupName, isMark, markLabels, marks } from "./marks.ts";
import { type SessionThings, sessionThings, type Standing, standingOf } from "./survey.ts";

/** Seconds that the engine may take to say what its volumes hold. */
const measuringSeconds = 30;

/** What the cleaner asks of the stack's other objects. */
export interface StackObjects {
  /** The stack's own, whichever engine made them. */
  of(live: Live): readonly LiveObject[];
  owner(live: Live): EngineName | undefined;
}

/** Cleans up a stack on the Docker Engine or Podman. */
export class DockerCleaner implements Cleaner {
  readonly #docker: Docker;
  readonly #identity: Identity;
  readonly #stack: StackObjects;

  constructor(docker: Docker, identity: Identity, stack: StackObjects) {
    this.#docker = docker;
    this.#identity = identity;
    this.#stack = stack;
  }

  async tidy({ policies }: CleanupRequest): Promise<void> {
    const live = await readLive(this.#docker, this.#identity);
    const sessions = new Map(sessionThings(this.#stack.of(live), live.objects).map((held) => [held.session, held.things]));
    const names = policies.map(({ name }) => name);
    const over = ({ serves = "", policy = "" }: LiveObject["labels"]) => {
      const things = sessions.get(serves) ?? [];
      return things.length === 0 || things.some(({ main, running }) => main && running) || !names.includes(policy);
    };
    await this.#removeMarks(live, ({ labels }) => labels.kind === marks.reader || (labels.kind === marks.begun && over(labels)));
  }

  async plan(request: CleanupRequest): Promise<CleanupPlan> {
    const failures: string[] = [];
    // The other policies do not need it.
    const disk = request.policies.some(({ trigger }) => trigger.kind === "disk")
      ? await engineDisk(this.#docker).catch((error: Error) => void failures.push(`how full the disk is cannot be told: ${error.message}`))
      : undefined;
    const look = await this.#look(request, disk && percentUsed(disk));
    // What was begun is finished first, and by the policy that has begun it.
    const pairs = request.policies
      .flatMap((policy) => look.sessions.map((held) => ({ policy, held, begun: held.begun === policy.name })))
      .sort((one, other) => Number(other.begun) - Number(one.begun));
    const going = new Set<string>();
    const removals: (Removal & { readonly oldest: number })[] = [];
    const kept: Item[] = [];
    for (const { policy, held } of pairs) {
      const verdicts = decideCleanup(policy, held, look.circumstances(held));
      const gone = verdicts.filter(({ goes, thing }) => goes && !going.has(keyOf(thing)));
      for (const { thing } of gone) going.add(keyOf(thing));
      const items = gone.map((verdict) => itemOf(policy, held, verdict));
      const oldest = Math.min(...gone.map(({ thing }) => thing.made));
      if (items.length > 0) removals.push({ policy, session: held.session, items, spare: false, oldest });
      kept.push(...verdicts.filter(({ goes }) => !goes).map((verdict) => itemOf(policy, held, verdict)));
    }
    const sized = removals.length === 0 ? [] : withSizes(removals, await measureVolumes(this.#docker, measuringSeconds));
    const byDisk = sized.filter(({ policy }) => policy.trigger.kind === "disk");
    return {
      removals: [...sized.filter((removal) => !byDisk.includes(removal)), ...untilThereIsRoom(byDisk, disk ?? undefined)],
      kept: kept.filter((item) => !going.has(keyOf(item))),
      failures,
    };
  }

  async carryOut(removal: Removal, request: CleanupRequest, say: Say): Promise<Removed> {
    const { policy, session, items } = removal;
    try {
      const disk = policy.trigger.kind === "disk" ? percentUsed(await engineDisk(this.#docker)) : undefined;
      // Much may have happened since the plan was made.
      const look = await this.#look({ ...request, policies: [policy] }, disk, session);
      const verdicts = look.sessions.flatMap((held) => decideCleanup(policy, held, look.circumstances(held)));
      const now = new Map(verdicts.map((verdict) => [keyOf(verdict.thing), verdict]));
      const due = items.flatMap((item) => now.get(keyOf(item)) ?? []).filter(({ goes }) => goes);
      const otherwise = disk === undefined ? "it is no longer due" : `the disk is ${Math.ceil(disk)} % full and has room again`;
      const kept = items
        .filter((item) => now.get(keyOf(item))?.goes !== true)
        .map((item) => ({ ...item, why: now.get(keyOf(item))?.why ?? otherwise }));
      if (due.length === 0) return { gone: [], kept, failures: [] };
      const begun = look.sessions.some((held) => held.begun === policy.name);
      const done = await this.#remove(removal, due, begun, say);
      return { ...done, kept: [...kept, ...done.kept] };
    } catch (error) {
      return { gone: [], kept: items, failures: [`session ${session}: ${(error as Error).message}`] };
    }
  }

  /** @param begun by an earlier run */
  async #remove({ policy, session, items }: Removal, due: readonly Verdict[], begun: boolean, say: Say): Promise<Removed> {
    const mark = `${cleanupName(this.#identity)}-${session}`;
    if (!begun) {
      await this.#removeMark(mark);
      const labels = markLabels(this.#identity, marks.begun, { serves: session, policy: policy.name });
      await this.#docker.createVolume({ Name: mark, Driver: "local", Labels: labels });
    }
    const readerLabels = markLabels(this.#identity, marks.reader, { serves: session });
    const things = due.map(({ thing }) => thing);
    let done: readonly Done[];
    try {
      done = await removeThings(things, { docker: this.#docker, policy, readerLabels, say });
    } catch (error) {
      if (!begun) await this.#removeMark(mark);
      throw error;
    }
    const failures = done.flatMap(({ thing, error }) => (error === undefined ? [] : [`${thing.kind} ${thing.name}: ${error}`]));
    if (failures.length === 0) await this.#removeMark(mark);
    const gone = done.flatMap(({ thing, archive, error }) => {
      const item = items.find((each) => keyOf(each) === keyOf(thing));
      return error !== undefined || item === undefined ? [] : [{ ...item, ...(archive !== undefined && { archive }) }];
    });
    const tried = new Set(done.map(({ thing }) => keyOf(thing)));
    const kept = things.flatMap((thing) => items.filter((item) => keyOf(item) === keyOf(thing) && !tried.has(keyOf(item))));
    return { gone, kept: kept.map((item) => ({ ...item, why: "a container that uses it was not removed" })), failures };
  }

  async leaveWord({ time, removed, kept, failed, next }: LastRun): Promise<void> {
    const name = cleanupName(this.#identity);
    const { Labels } = (await this.#docker.getVolume(name).inspect().catch(ignore(404))) ?? {};
    const due = next === undefined ? Labels?.next_run : next === "none" ? undefined : next.toISOString();
    await this.#removeMark(name);
    const labels = markLabels(this.#identity, marks.lastRun, {
      last_run: time.toISOString(),
      outcome: failed === 0 ? "ok" : "failed",
      ...(due !== undefined && { next_run: due }),
      report: JSON.stringify({ removed, kept, failed }),
    });
    await this.#docker.createVolume({ Name: name, Driver: "local", Labels: labels });
  }

  async forget(): Promise<void> {
    await this.#removeMarks(await readLive(this.#docker, this.#identity), ({ labels }) => isMark(labels.kind));
  }

  async #removeMarks({ own }: Live, which: (object: LiveObject) => boolean): Promise<void> {
    for (const { kind, id, name } of own.filter(which)) {
      if (kind === "container") await this.#docker.getContainer(id).remove({ force: true }).catch(ignore(404, 409));
      if (kind === "volume") await this.#removeMark(name);
    }
  }

  /** Somebody else may have the name. */
  async #removeMark(name: string): Promise<void> {
    const volume = this.#docker.getVolume(name);
    const found = await volume.inspect().catch(ignore(404));
    if (found === undefined) return;
    if (found.Labels?.[labelNames.deployment] !== this.#identity.deployment || !isMark(found.Labels.kind))
      throw new Error(`volume ${name} is not this stack's; remove it with "docker volume rm ${name}"`);
    await volume.remove().catch(ignore(404));
  }

  /** @param session of all when left out */
  async #look({ policies, described, asked, now }: CleanupRequest, disk: number | undefined, session?: string) {
    const live = await readLive(this.#docker, this.#identity);
    const all = sessionThings(this.#stack.of(live), live.objects);
    const sessions = all.filter((held) => session === undefined || held.session === session);
    const pulumi = this.#stack.owner(live) === "pulumi";
    const runs = policies.some(({ trigger }) => trigger.kind === "complete")
      ? sessions.filter(({ things }) => things.some(({ main, running }) => main && running))
      : [];
    const standings = new Map<string, Standing>(
      await someAtOnce(
        runs,
        async (held) => [held.session, await standingOf(this.#docker, held.session, containerName(held.session))] as const,
      ),
    );
    const circumstances = (held: SessionThings): Circumstances => {
      const standing = standings.get(held.session);
      const known = { ...(standing !== undefined && { standing }), ...(disk !== undefined && { disk }) };
      return { now: now.getTime(), asked, described: described.includes(held.session), pulumi, ...known };
    };
    return { sessions, circumstances };
  }
}

/** What tells an object of a session's from others. */
const keyOf = ({ kind, name }: Pick<Item, "kind" | "name">): string => `${kind} ${name}`;

const itemOf = (policy: CleanupPolicy, { session }: SessionThings, { thing: { kind, name }, why }: Verdict): Item => ({
  policy: policy.name,
  session,
  kind,
  name,
  why,
});

function withSizes<One extends Removal>(removals: readonly One[], measured: Awaited<ReturnType<typeof measureVolumes>>): One[] {
  if ("notTried" in measured) return [...removals];
  const sizes = new Map(measured.map(({ name, bytes }) => [name, bytes]));
  const sized = (item: Item): Item => {
    const bytes = item.kind === "volume" ? sizes.get(item.name) : undefined;
    return { ...item, ...(bytes !== undefined && { bytes }) };
  };
  return removals.map((removal) => ({ ...removal, items: removal.items.map(sized) }));
}

/** The oldest first. Those after which the disk has room again are to spare, by what the volumes before them hold. */
function untilThereIsRoom(removals: readonly (Removal & { readonly oldest: number })[], disk: EngineDisk | undefined): Removal[] {
  let used = disk?.used ?? 0;
  return removals
    .toSorted((one, other) => one.oldest - other.oldest)
    .map((removal) => {
      const { trigger } = removal.policy;
      const spare = disk !== undefined && trigger.kind === "disk" && percentUsed({ ...disk, used }) <= trigger.percent;
      if (!spare) used -= freedBy(removal.items);
      return { ...removal, spare };
    });
}

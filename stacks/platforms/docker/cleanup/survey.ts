import type Docker from "dockerode";
import { foreignVolume } from "../../../../components/container-engine/hooks.ts";
import { containerName, volumeName } from "../../../../components/session.ts";
import type { LiveObject } from "../../../embedded/live.ts";
import { askHealth } from "../../../runtime/docker/health.ts";
import { startCommand } from "../../../runtime/docker/command.ts";
import { hasEnded, type SessionState, stateText } from "../../../runtime/session-state.ts";
import type { DataKind } from "../../../settings/cleanup.ts";
import { dataKinds } from "../../../settings/cleanup-schema.ts";
import { beginning } from "../../../streams.ts";
import type { Item } from "../../cleanup.ts";
import { ofSessions } from "../session-objects.ts";
import { isMark, marks } from "./marks.ts";

/** An object of a session's that may go. */
export interface Thing {
  readonly kind: Item["kind"];
  readonly id: string;
  readonly name: string;
  /** What the session keeps in it; left out of what only runs or serves it. */
  readonly data?: DataKind;
  /** Milliseconds since 1970. */
  readonly made: number;
  /** The session's own container, not what serves it. */
  readonly main: boolean;
  readonly running: boolean;
  /** The containers, whoever's, that have a volume mounted. */
  readonly mountedBy: readonly string[];
  /** Why it may be somebody else's, whatever its labels say. */
  readonly strange?: string;
}

/** A session of which something is there. */
export interface SessionThings {
  readonly session: string;
  readonly things: readonly Thing[];
  /** The policy that had begun to remove it. */
  readonly begun?: string;
}

/** What a session is, and since when its agent has ended for good, in milliseconds since 1970. */
export interface Standing {
  readonly text: string;
  readonly endedSince?: number;
}

/**
 * What is there of each session, data of sessions that are gone too.
 *
 * @param objects the stack's
 * @param all of the engine, of which any container may have a volume mounted
 */
export function sessionThings(objects: readonly LiveObject[], all: readonly LiveObject[]): SessionThings[] {
  const ids = new Set(objects.flatMap(({ labels }) => labels.session_id ?? labels.serves ?? []));
  return [...ids].sort().map((session) => {
    const own = ofSessions(objects, [session]);
    const [begun] = own.flatMap(({ labels }) => (labels.kind === marks.begun ? [labels.policy ?? ""] : []));
    const things = own
      .filter(({ labels: { kind } }) => !isMark(kind) && kind !== "repository")
      .flatMap((object) => thingOf(object, session, all));
    return { session, things, ...(begun !== undefined && { begun }) };
  });
}

/** What Swarm runs and keeps goes with its stack alone. */
function thingOf(object: LiveObject, session: string, all: readonly LiveObject[]): Thing[] {
  const { kind, id, name, labels, state, made = Number.POSITIVE_INFINITY } = object;
  if (kind === "service" || kind === "secret" || kind === "config") return [];
  const data = kind === "volume" ? dataKinds.find((known) => known === labels.kind) : undefined;
  const strange = strangeness(object, session, data);
  const thing = {
    kind,
    id,
    name,
    made,
    main: kind === "container" && labels.session_id === session && labels.kind === undefined && name === containerName(session),
    running: state === "running" || state === "restarting" || state === "paused",
    mountedBy: kind === "volume" ? mounters(name, all) : [],
    ...(data !== undefined && { data }),
    ...(strange !== undefined && { strange }),
  };
  return [thing];
}

/** Those of a run of clean-up that was killed are about to go. */
const mounters = (volume: string, all: readonly LiveObject[]) =>
  all.flatMap(({ name, volumes, labels }) => (volumes?.includes(volume) && labels.kind !== marks.reader ? [name] : []));

/** Labels can be copied; what this program makes has its own names too, and no volume of it lies elsewhere. */
function strangeness({ kind, name, labels, options = {}, driver }: LiveObject, session: string, data?: DataKind): string | undefined {
  const own = containerName(session);
  const wellNamed = data === undefined ? name === own || name.startsWith(`${own}-`) : name === volumeName(own, data);
  if (!wellNamed) return `its name is not one that session ${session} gives`;
  if (kind !== "volume") return undefined;
  const foreign = foreignVolume({ Labels: { ...labels }, Options: { ...options }, ...(driver !== undefined && { Driver: driver }) }, {});
  return foreign && `it ${foreign}`;
}

/** Asks a session what it is. One that has ended says since when; nobody but itself is harmed by a time that it has made up. */
export async function standingOf(docker: Docker, session: string, container: string): Promise<Standing> {
  const health = await askHealth(docker, session, container);
  const text = stateText(health);
  if (!hasEnded(health)) return { text };
  const since = await endOf(docker.getContainer(container), health).catch(() => undefined);
  return { text, ...(since !== undefined && { endedSince: since }) };
}

async function endOf(container: Docker.Container, { state }: SessionState): Promise<number | undefined> {
  const file = state === "complete" ? "/session/complete" : "/tmp/agent/failed";
  const [output, errors] = [beginning(64), beginning()];
  await (await startCommand(container, ["/usr/bin/stat", "--format=%Y", file])).carry(output, errors);
  const seconds = /^\d{1,12}$/.exec(output.text().trim())?.[0];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

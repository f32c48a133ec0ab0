import { docker } from "./controls/docker.ts";
import { ecs } from "./controls/ecs.ts";
import { kubernetes } from "./controls/kubernetes.ts";
import { type Control, type ControlName, controls } from "./controls/list.ts";
import { podman } from "./controls/podman.ts";
import type { Column, Standing } from "./controls/standing.ts";
import { swarm } from "./controls/swarm.ts";
import type { StrategyName } from "./settings/strategy-schema.ts";

/**
 * Which control stands how on which platform. Settings refuse by it, plans and previews report by it, verify promises by it, and
 * the page of the controls is made of it.
 */

/** What runs sessions, and how every control stands there. */
export interface PlatformControls {
  /** What people call it. */
  readonly title: string;
  readonly column: Column;
  /** Whether a session and what serves it can share a socket, rather than an address. @default true */
  readonly sockets?: boolean;
}

export const platformControls = {
  docker: { title: "Docker", column: docker },
  podman: { title: "Podman", column: podman },
  swarm: { title: "Swarm", column: swarm },
  kubernetes: { title: "Kubernetes", column: kubernetes, sockets: false },
  ecs: { title: "ECS on Fargate", column: ecs, sockets: false },
} as const satisfies Readonly<Record<string, PlatformControls>>;

/** What runs the sessions of each strategy. */
export const controlsOf: Readonly<Record<StrategyName, PlatformControls>> = {
  local: platformControls.docker,
  "single-node": platformControls.docker,
  swarm: platformControls.swarm,
  kubernetes: platformControls.kubernetes,
  ecs: platformControls.ecs,
};

const names = Object.keys(controls) as ControlName[];

/** The controls that stand so on a platform. */
function standing<How extends Standing["how"]>(column: Column, how: How): { control: Control; is: Extract<Standing, { how: How }> }[] {
  return names.flatMap((name) => {
    const is = column[name];
    return is.how === how ? [{ control: controls[name], is: is as Extract<Standing, { how: How }> }] : [];
  });
}

/** Something that a session's settings ask for. */
export interface Asked {
  readonly path: readonly PropertyKey[];
  readonly value: unknown;
}

/** What a session asks for that its platform cannot give. */
export interface Refusal extends Asked {
  /** Why, and the way out, as they follow key and value in a sentence. */
  readonly rest: string;
}

/**
 * What of a session's settings a platform cannot give.
 *
 * @param setting a session as it is written, with defaults and policy worked in
 */
export function refusals({ column }: PlatformControls, setting: Readonly<Record<string, unknown>>): Refusal[] {
  return standing(column, "refused").flatMap(({ control, is: { why, wayOut } }) => {
    const given = askedBy(control, setting);
    const named = given.length > 0 || control.always !== true ? given : [{ path: ["id"], value: setting.id }];
    return named.map((one) => ({ ...one, rest: `${why}; ${wayOut}` }));
  });
}

/** A session, and what it asks for. */
export interface Asker {
  readonly id: string;
  readonly setting: Readonly<Record<string, unknown>>;
}

/** What nothing enforces of what the sessions ask for or are given unasked, a sentence for each control. */
export function reports(platform: PlatformControls, sessions: readonly Asker[]): string[] {
  return standing(platform.column, "reported").flatMap(({ control, is: { why, source } }) => {
    const concerned = sessions.filter(({ setting }) => control.always === true || askedBy(control, setting).length > 0);
    return concerned.length === 0 ? [] : [reportOf(platform, { title: control.title, why, source }, concerned, sessions.length)];
  });
}

/**
 * That nothing enforces something for sessions.
 *
 * @param of how many there are
 */
export function reportOf(
  { title }: Pick<PlatformControls, "title">,
  what: { readonly title: string; readonly why: string; readonly source: string },
  concerned: readonly Pick<Asker, "id">[],
  of: number,
): string {
  const who = concerned.length === of ? "every session" : named(concerned);
  return `Not enforced on ${title}, for ${who}: ${what.title}: ${what.why} (${what.source}).`;
}

/** Sessions that a line names. */
const shown = 5;

function named(sessions: readonly Pick<Asker, "id">[]): string {
  const ids = sessions.slice(0, shown).map(({ id }) => id);
  const more = sessions.length - ids.length;
  return `${sessions.length === 1 ? "session" : "sessions"} ${ids.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** Whether a platform, or what else runs there, sees to a control, so that it can be promised. */
export function isPromised({ column }: PlatformControls, name: ControlName): boolean {
  return column[name].how === "enforced" || column[name].how === "other means";
}

/** What of a session's settings asks for a control. */
function askedBy({ keys }: Control, setting: Readonly<Record<string, unknown>>): Asked[] {
  return keys.flatMap((key) => {
    const [path = "", wanted] = key.split(/=(.*)/);
    return valuesAt(setting, path.split(".")).filter(({ value }) => wanted === undefined || isWanted(wanted, value));
  });
}

function isWanted(wanted: string, value: unknown): boolean {
  return wanted.endsWith("*") ? String(value).startsWith(wanted.slice(0, -1)) : value === wanted;
}

function valuesAt(value: unknown, [part, ...rest]: readonly string[]): Asked[] {
  if (value === undefined || value === null) return [];
  if (part === undefined) return [{ path: [], value }];
  const key = part.replace("[]", "");
  const inner = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  if (part === key) return valuesAt(inner, rest).map((found) => ({ ...found, path: [key, ...found.path] }));
  return (Array.isArray(inner) ? inner : []).flatMap((entry, index) =>
    valuesAt(entry, rest).map((found) => ({ ...found, path: [key, index, ...found.path] })),
  );
}

import { z } from "zod";
import { choice, nearest } from "../near.ts";
import { deploymentSchema } from "../schema.ts";

/** Keys of the settings: how people write them, which there are and where. */

/** A path in the settings as people write it: `sessions[2].limits.memory`. */
export function keyName(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (name, part) => (typeof part === "number" ? `${name}[${part}]` : name === "" ? String(part) : `${name}.${String(part)}`),
    "",
  );
}

interface JsonSchema {
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

let form: JsonSchema | undefined;
const wholeForm = (): JsonSchema => {
  form ??= z.toJSONSchema(deploymentSchema, { io: "input" }) as JsonSchema;
  return form;
};

/** A place's forms: its own, or those of which it may have one. */
const formsOf = (schema: JsonSchema | undefined): readonly JsonSchema[] =>
  schema === undefined ? [] : [schema, ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap(formsOf)];

const keysOf = (schemas: readonly JsonSchema[]): string[] => [
  ...new Set(schemas.flatMap(({ properties }) => Object.keys(properties ?? {}))),
];

function formsAt(path: readonly PropertyKey[]): readonly JsonSchema[] {
  return path.reduce<readonly JsonSchema[]>(
    (schemas, part) =>
      schemas.flatMap(({ items, properties, additionalProperties }) =>
        formsOf(typeof part === "number" ? items : (properties?.[String(part)] ?? additionalProperties)),
      ),
    formsOf(wholeForm()),
  );
}

/** What a place in the settings knows. */
export function knownKeys(path: readonly PropertyKey[]): string {
  const keys = keysOf(formsAt(path));
  return keys.length > 0 ? `known here: ${keys.join(", ")}` : "see stacks/settings.schema.json";
}

/** What follows a key that its place does not know: what was meant, where it belongs, or what the place knows. */
export function unknownKey(path: readonly PropertyKey[], key: string): string {
  const near = nearest(key, keysOf(formsAt(path)));
  if (near !== undefined) return `there is no such key; did you mean ${near}?`;
  const home = homeOf(path, key);
  return home === undefined ? `there is no such key; ${knownKeys(path)}.` : `${home}.`;
}

/** Any entry of a list or of a named set. */
const entry = "…";

let places: Map<string, Set<string>> | undefined;

/** Every place that has a key: the keys that lead there. */
function placesOf(key: string): string[][] {
  if (places === undefined) {
    places = new Map();
    collect(wholeForm(), [], places);
  }
  return [...(places.get(key) ?? [])].map((place) => JSON.parse(place) as string[]);
}

function collect(schema: JsonSchema, path: readonly string[], found: Map<string, Set<string>>): void {
  for (const { items, properties = {}, additionalProperties } of formsOf(schema)) {
    for (const [name, below] of Object.entries(properties)) {
      found.set(name, (found.get(name) ?? new Set()).add(JSON.stringify(path)));
      collect(below, [...path, name], found);
    }
    for (const below of [items, additionalProperties]) if (typeof below === "object") collect(below, [...path, entry], found);
  }
}

/** Where a key belongs that stands too high, too low or beside it; undefined when nothing near has it. */
function homeOf(path: readonly PropertyKey[], key: string): string | undefined {
  const at = path.map((part) => (typeof part === "number" ? entry : String(part)));
  const common = (place: readonly string[]) => [...place, ""].findIndex((part, index) => part !== at[index]);
  const homes = placesOf(key);
  const below = homes.filter((place) => common(place) === at.length && !place.slice(at.length).includes(entry));
  const [nearest] = below.sort((one, other) => one.length - other.length);
  if (nearest !== undefined) {
    const names = below.filter(({ length }) => length === nearest.length).map((place) => place.slice(at.length).join("."));
    const inside = nearest.slice(at.length);
    return `belongs in ${choice(names)}; write ${[...inside, key].join(": {")}: …${"}".repeat(inside.length)}`;
  }
  const [home, other] = homes
    .filter((place) => !place.slice(common(place)).includes(entry))
    .sort((one, other) => common(other) - common(one) || one.length - other.length);
  if (home === undefined) return undefined;
  // A name that many things have says nothing of a place that is far off.
  if (common(home) === 0 && (home.length > 2 || other !== undefined)) return undefined;
  return home.length === 0
    ? `belongs at the top; write agent-sessions:${key}`
    : `belongs in ${keyName(home.map((part, index) => (part === entry ? (path[index] ?? part) : part)))}; move it there`;
}

/**
 * Typed access to resource inputs, which are anything that a program, a provider or a file put there.
 *
 * Two things can go wrong and neither may be taken for "absent": a value that is not known before the update, and a value
 * of another shape than the platform accepts. Both are thrown, so that no rule can pass because of them.
 */

export type Props = Readonly<Record<string, unknown>>;

/** A rule touched a value that is not known yet. */
export class Unknown extends Error {
  readonly path: string;
  /** Whatever it turns out to be, the rule holds: counted, and held against nobody. */
  readonly isHarmless: boolean;
  constructor(path: string, isHarmless = false) {
    super(`${path} is not known yet`);
    this.path = path;
    this.isHarmless = isHarmless;
  }
}

/** A rule met a value of the wrong shape. The value itself is never part of the message: it may be a secret. */
export class Malformed extends Error {
  readonly expected: string;
  constructor(expected: string) {
    super(`an input is not ${expected}`);
    this.expected = expected;
  }
}

/** What Pulumi puts in the place of values that are not known in a preview, one for each kind of value. */
const unknownValue =
  /04da6b54-80e4-46f7-96ec-b56ff0331ba9|1c4a061d-8072-4f0a-a4cb-0ff528b18fe7|3eeb2bf0-c639-47a8-9e75-3b44932eb421|6a19a0b0-7e62-4c92-b797-7f8e31da9cc2|030794c1-ac77-496b-92df-f27374a8bd58|e48ece36-62e2-4504-bad9-02848725956a|dd056dcd-154b-4c76-9bd3-c8f88648b5ff/;

/** The value that stands for "not known yet" where we have to write one ourselves. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const outputSignature = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

/** Whether a value as it was written is a Pulumi secret, whatever is in it. */
export const isSealedValue = (value: Props): boolean => value[signatureKey] === secretSignature;

/** Deeper inputs than this are not a resource's. */
const deepest = 100;

function isUnknown(value: unknown): boolean {
  return typeof value === "string" && value.length >= unknown.length && unknownValue.test(value);
}

/** Secrets and outputs are judged by what is in them; one that cannot be opened is unknown. */
function unwrap(wrapped: Props): unknown {
  if ("value" in wrapped) return wrapped.value;
  if (typeof wrapped.plaintext !== "string") return unknown;
  try {
    return JSON.parse(wrapped.plaintext);
  } catch {
    return unknown;
  }
}

interface Opened {
  readonly value: unknown;
  readonly hasUnknown: boolean;
}

/** Opens secrets everywhere in a value; what holds none is returned as it is, not copied. */
function open(value: unknown, depth: number): Opened {
  if (typeof value === "string") return { value, hasUnknown: isUnknown(value) };
  if (typeof value !== "object" || value === null) return { value, hasUnknown: false };
  if (depth > deepest) throw new Malformed("nested less than 100 deep");
  const signature = (value as Props)[signatureKey];
  if (signature === secretSignature || signature === outputSignature) return open(unwrap(value as Props), depth + 1);
  let copy: Record<string, unknown> | unknown[] | undefined;
  let hasUnknown = false;
  for (const key of Object.keys(value)) {
    const before = (value as Props)[key];
    const after = open(before, depth + 1);
    hasUnknown ||= after.hasUnknown;
    if (after.value !== before) {
      copy ??= Array.isArray(value) ? [...value] : { ...value };
      (copy as Record<string, unknown>)[key] = after.value;
    }
  }
  return { value: copy ?? value, hasUnknown };
}

const behindGuard = Symbol("the object behind a guard");

/** Wraps a value so that touching anything unknown in it throws. A copy, for a frozen object could not be answered for. */
function guard<T extends object>(target: T, path: string): T {
  const inner = new Map<PropertyKey, unknown>();
  const copy = (Array.isArray(target) ? [...target] : { ...target }) as T;
  return new Proxy(copy, {
    get(object, key) {
      if (key === behindGuard) return object;
      const value = Reflect.get(object, key);
      if (isUnknown(value)) throw new Unknown(`${path}.${String(key)}`);
      if (typeof value !== "object" || value === null) return value;
      if (!inner.has(key)) inner.set(key, guard(value, `${path}.${String(key)}`));
      return inner.get(key);
    },
  });
}

/** Inputs as rules may read them: secrets opened, unknown values guarded. */
export function readable(props: unknown): Props {
  const { value, hasUnknown } = open(props, 0);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    if (isUnknown(value)) throw new Unknown("the inputs");
    throw new Malformed("an object");
  }
  return hasUnknown ? guard(value as Props, "") : (value as Props);
}

function isGuarded(value: object): boolean {
  return Reflect.get(value, behindGuard) !== undefined;
}

/** Goes through everything that is known before it stops at what is not, so that one unknown entry hides no other. */
function* knownFirst<T>(keys: Iterable<string>, read: (key: string) => T): Iterable<T> {
  let missed: Unknown | undefined;
  for (const key of keys) {
    let value: T;
    try {
      value = read(key);
    } catch (error) {
      if (!(error instanceof Unknown)) throw error;
      missed ??= error;
      continue;
    }
    yield value;
  }
  if (missed) throw missed;
}

/** Judges one thing after the other; what cannot be judged about one hides nothing about the rest. */
export function* each<T, Found>(things: Iterable<T>, judge: (thing: T) => Iterable<Found>): Iterable<Found> {
  let missed: unknown;
  for (const thing of things) {
    try {
      yield* judge(thing);
    } catch (error) {
      missed ??= error;
    }
  }
  if (missed !== undefined) throw missed;
}

export function isRecord(value: unknown): value is Props {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object; absent is an empty one. */
export function record(value: unknown): Props {
  if (value === undefined || value === null) return {};
  if (!isRecord(value)) throw new Malformed("an object");
  return value;
}

/** A list; absent is an empty one. */
export function list(value: unknown): Iterable<unknown> {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Malformed("a list");
  return isGuarded(value) ? knownFirst(Object.keys(value), (key) => Reflect.get(value, key) as unknown) : value;
}

/** A list of objects. */
export function* records(value: unknown): Iterable<Props> {
  for (const item of list(value)) if (item !== null && item !== undefined) yield record(item);
}

/** A list of strings. */
export function* texts(value: unknown): Iterable<string> {
  for (const item of list(value)) {
    const words = text(item);
    if (words !== undefined) yield words;
  }
}

/** The keys and values of an object. */
export function entries(value: unknown): Iterable<readonly [string, unknown]> {
  const object = record(value);
  const keys = Object.keys(object);
  return isGuarded(object) ? knownFirst(keys, (key) => [key, object[key]] as const) : Object.entries(object);
}

/** The keys and values of an object or a list that are known. Whoever asks has to answer for the others. */
export function* knownEntries(value: object): Iterable<readonly [string, unknown]> {
  for (const key of Object.keys(value)) {
    let inner: unknown;
    try {
      inner = (value as Props)[key];
    } catch (error) {
      if (error instanceof Unknown) continue;
      throw error;
    }
    yield [key, inner];
  }
}

/** Throws where anything in a value is not known. */
export function mustBeKnown(value: unknown): void {
  if (typeof value === "object" && value !== null) for (const key of Object.keys(value)) mustBeKnown(Reflect.get(value, key));
}

/** A string; numbers and booleans are written out. */
export function text(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "object") throw new Malformed("a string");
  return String(value);
}

/** A number, also one that is written as a string. */
export function number(value: unknown): number | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const figure = typeof value === "string" ? Number(value) : value;
  if (typeof figure !== "number" || Number.isNaN(figure)) throw new Malformed("a number");
  return figure;
}

/** A boolean, also one that is written as a string. */
export function flag(value: unknown): boolean | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "boolean") return value;
  if (typeof value === "string" && /^(true|false)$/i.test(value)) return value.toLowerCase() === "true";
  throw new Malformed("true or false");
}

/** Labels, which are a map on some types and a list of pairs on others. */
export function* labels(value: unknown): Iterable<readonly [string, string]> {
  if (Array.isArray(value)) {
    for (const pair of records(value)) yield [text(pair.label) ?? "", text(pair.value) ?? ""];
    return;
  }
  for (const [key, words] of entries(value)) yield [key, text(words) ?? ""];
}

export function label(value: unknown, key: string): string | undefined {
  for (const [found, words] of labels(value)) if (found === key) return words;
  return undefined;
}

/** Objects made of others. Each value is read when it is asked for, so that an unknown one hides no other. */
import { isRecord, type Props, readable, Unknown, unknown } from "./value.ts";

/** An object that takes from another what it does not set itself, in objects within it as well. */
export function withDefaults(own: Props, defaults: Props): Props {
  const whole: Record<string, unknown> = { ...defaults };
  for (const key of Object.keys(own)) {
    const get = (): unknown => {
      const value = own[key] ?? defaults[key];
      return isRecord(value) && isRecord(defaults[key]) ? withDefaults(value, defaults[key]) : value;
    };
    Object.defineProperty(whole, key, { enumerable: true, get });
  }
  return whole;
}

/** Objects laid over each other, the last on top. */
export function overlaid(...layers: readonly Props[]): Props {
  const whole: Props = {};
  for (const layer of layers)
    for (const key of Object.keys(layer))
      Object.defineProperty(whole, key, { enumerable: true, configurable: true, get: () => layer[key] });
  return whole;
}

/** A value read, or the mark of what is not known. */
function orUnknown(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (error instanceof Unknown) return unknown;
    throw error;
  }
}

/** How a key of a copy is called, and whether the keys in what it holds stay as they are. */
export type Rename = (key: string) => { readonly key: string; readonly keepsInner: boolean };

/** A copy of an object under other names. What is not known in it stays unknown, and the rest is known. */
export function renamed(value: Props, rename: Rename): Props {
  const asWritten: Rename = (key) => ({ key, keepsInner: true });
  const copy = (inner: unknown, name: Rename): unknown => {
    if (Array.isArray(inner)) return Object.keys(inner).map((at) => orUnknown(() => copy(Reflect.get(inner, at), name)));
    if (!isRecord(inner)) return inner;
    const pairs = Object.keys(inner).map((written) => {
      const { key, keepsInner } = name(written);
      return [key, orUnknown(() => copy(inner[written], keepsInner ? asWritten : name))] as const;
    });
    return Object.fromEntries(pairs);
  };
  return readable(copy(value, rename));
}

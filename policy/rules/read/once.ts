interface Read<T> {
  readonly items: readonly T[];
  readonly failure?: unknown;
}

/**
 * Reads something once for each object, however many rules ask. What cannot be read is thrown each time, after what can.
 *
 * @param read must depend on nothing but the object, which nobody changes once it is asked for
 */
export function once<Key extends object, T>(read: (key: Key) => Iterable<T>): (key: Key) => Iterable<T> {
  const known = new WeakMap<Key, Read<T>>();
  return function* (key) {
    let found = known.get(key);
    if (found === undefined) {
      found = collected(read(key));
      known.set(key, found);
    }
    yield* found.items;
    if ("failure" in found) throw found.failure;
  };
}

function collected<T>(source: Iterable<T>): Read<T> {
  const items: T[] = [];
  try {
    for (const item of source) items.push(item);
  } catch (failure) {
    return { items, failure };
  }
  return { items };
}

import { type BigIntStats, readlinkSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** A path of the host, and where it lies: by names, and by what they stand for on their file systems, since a bind of the host's own gives one folder two names. */
export interface Place {
  /** Absolute, links resolved. */
  readonly path: string;
  readonly keys: readonly string[];
  /** The keys of all folders above it. */
  readonly above: ReadonlySet<string>;
}

/** How a path lies to a folder. */
type Relation = "is" | "lies in" | "holds";

const look = (path: string): BigIntStats | undefined => {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
};

function keysOf(path: string): string[] {
  const found = look(path);
  return found === undefined ? [path] : [path, `${found.dev}:${found.ino}`];
}

/** @param path absolute, links resolved; it need not be there */
export function placeOf(path: string): Place {
  const above = new Set<string>();
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    for (const key of keysOf(folder)) above.add(key);
    if (folder === dirname(folder)) return { path, keys: keysOf(path), above };
  }
}

/** How a path lies to a folder; undefined when the two are apart. */
export function relation(one: Place, folder: Place): Relation | undefined {
  if (one.keys.some((key) => folder.keys.includes(key))) return "is";
  if (folder.keys.some((key) => one.above.has(key))) return "lies in";
  return one.keys.some((key) => folder.above.has(key)) ? "holds" : undefined;
}

/** Where a path leads, and by which links: whoever may write where one of them lies can lead it elsewhere. */
export interface Way {
  /** Without links, as far as it is there. */
  readonly end: string;
  readonly links: readonly string[];
}

/** Each part is looked at once, so that what changes meanwhile is a link that is told, or lies at the end where it is. */
export function wayTo(path: string): Way {
  const links: string[] = [];
  const parts = path.split("/");
  let at = "/";
  // As many as the kernel follows.
  while (parts.length > 0 && links.length < 40) {
    const next = join(at, parts.shift() ?? "");
    const target = readLink(next);
    if (target !== undefined) {
      links.push(next);
      parts.unshift(...target.split("/"));
    }
    at = target === undefined ? next : target.startsWith("/") ? "/" : at;
  }
  return { end: join(at, ...parts), links };
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/**
 * What a folder is and stays, whatever it is called: its inode, and the second of its birth, since roots of file systems share a
 * few inodes. The numbers are the kernel's, so containers upon the same kernel see the same ones.
 *
 * @returns `<inode>.<seconds>`; undefined when it is not there
 */
export function identityOf(path: string): string | undefined {
  const found = look(path);
  return found && `${found.ino}.${found.birthtimeNs / 1_000_000_000n}`;
}

/**
 * Why a path may not be used beside a folder that a session may write, as it follows the path's own name; undefined when the two
 * are apart.
 *
 * @param writer who may write there, such as `session "a"`
 */
export function overlapRefusal(
  one: { readonly place: Place; readonly links: readonly Place[] },
  folder: Place,
  writer: string,
): string | undefined {
  const replaced = `${folder.path}, which ${writer} may write: it could put a link to anything there, and links are followed anew at each start; name a path outside of it`;
  switch (relation(one.place, folder)) {
    case "lies in":
      return `lies in ${replaced}`;
    case "is":
      return `is ${folder.path}, which ${writer} may write: what one puts there the other would take for its own; give each a folder of its own`;
    case "holds":
      return `holds ${folder.path}, which ${writer} may write: what it puts there would be taken for yours; keep the two apart`;
  }
  const link = one.links.find((place) => relation(place, folder) === "lies in");
  return link && `is reached by the link ${link.path}, which lies in ${replaced}`;
}

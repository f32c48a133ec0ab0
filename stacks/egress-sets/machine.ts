import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Where package managers keep their configuration. */
export interface Machine {
  /** The project's folder. */
  readonly root: string;
  /** The user's folder. */
  readonly home: string;
  /** The folder that holds `etc`. */
  readonly system: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** A place that a package manager gets packages from. */
export interface Source {
  /** As it is written; a password in it is never shown. */
  readonly url: string;
  /** Where it is written: key and file, a variable, or that it is the manager's default. */
  readonly from: string;
  /** The variables whose values are in the URL. A file that names them may be a stranger's, and any of them a secret. */
  readonly expansions?: readonly Expansion[];
}

/** A variable's value in a text. */
export interface Expansion {
  readonly variable: string;
  readonly value: string;
  /** Where the value begins. */
  readonly at: number;
}

/**
 * Puts values in the places of variables.
 *
 * @param form of a variable, global; its first group is the name
 * @param lookUp gives its value; undefined leaves what stands there
 */
export function expand(
  text: string,
  form: RegExp,
  lookUp: (name: string, match: RegExpMatchArray) => string | undefined,
): { readonly url: string; readonly expansions: readonly Expansion[] } {
  const expansions: Expansion[] = [];
  let url = "";
  let end = 0;
  for (const match of text.matchAll(form)) {
    const [whole, variable] = match as unknown as readonly [string, string];
    const value = lookUp(variable, match);
    url += text.slice(end, match.index);
    if (value !== undefined) expansions.push({ variable, value, at: url.length });
    url += value ?? whole;
    end = match.index + whole.length;
  }
  return { url: url + text.slice(end), expansions };
}

/** Reads a package manager's configuration. @throws Unreadable when it says nothing that a session could use */
export type Manager = (machine: Machine) => Source[];

/** What is wrong with a manager's configuration: what follows the set's name in a sentence. */
export class Unreadable extends Error {}

/** What to do about it. */
export const wayOut = "mend that, or list hosts instead of the set";

/**
 * A file's text; undefined when it is not there.
 *
 * @param shown the path as people may see it
 * @throws Unreadable when it cannot be read
 */
export const readText = (path: string, shown = path): string | undefined => unlessAbsent(shown, () => readFileSync(path, "utf8"));

/** The names in a folder, sorted; none when it is not there. @throws Unreadable when it cannot be read */
export const readNames = (path: string): string[] => unlessAbsent(path, () => readdirSync(path).sort()) ?? [];

function unlessAbsent<T>(shown: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new Unreadable(`is read from ${shown}, which cannot be read (${code}); ${wayOut}`);
  }
}

/** A file that a parser reads whose errors name their line; undefined when it is not there. @throws Unreadable when it has not that form */
export function readParsed<T>(path: string, form: string, parse: (text: string) => T): T | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    // The parsers' own messages quote the file, which may hold a token.
    const { line } = error as { line: number };
    throw new Unreadable(`is read from ${path}, which is no ${form} (line ${line}); ${wayOut}`);
  }
}

/** The program of that name which a shell would start. */
export function programPath({ environment }: Machine, name: string): string | undefined {
  return (environment.PATH ?? "")
    .split(":")
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/** The folder that holds a program's folder `bin`. */
export const prefixOf = (program: string): string => dirname(dirname(program));

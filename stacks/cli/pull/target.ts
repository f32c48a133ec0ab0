import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { WritableFolder } from "../../runtime/runtime.ts";
import { type Git, must } from "./clean-git.ts";

/** The parts of a git folder that are data. What is not there is left out by git itself. */
const parts = ["objects", "refs", "packed-refs", "reftable", "logs", "shallow", "worktrees"];

/** A repository that commits are brought into. */
export interface Target {
  /** Where the user finds it. */
  readonly path: string;
  /** The folder that all its work trees share. */
  readonly gitFolder: string;
}

/**
 * Finds the repository in a folder, as git does.
 *
 * @throws Error when there is none, or when it belongs to somebody whom git does not trust
 */
export function findTarget(git: Git, path: string): Target {
  const found = must(git("-C", path, "rev-parse", "--git-common-dir"), `git could not open ${path}`);
  return { path, gitFolder: resolve(path, found.replace(/\n$/, "")) };
}

/**
 * Refuses a repository that a session may write. Its configuration and hooks are not read, but it could turn a folder of the
 * repository into a link at any moment, and git would write where that leads.
 */
export function refuseWritable({ path, gitFolder }: Target, folders: readonly WritableFolder[]): void {
  const places = [path, gitFolder].map(real);
  const found = folders.find((folder) =>
    places.some((place) => isIn(place, real(folder.path)) || isIn(real(folder.path), real(gitFolder))),
  );
  if (found !== undefined)
    throw new Error(
      `${path} lies where session "${found.session}" may write (${found.path}), so what is there could be made to write anywhere on this machine; bring the work to a repository elsewhere with --into FOLDER`,
    );
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

function isIn(path: string, folder: string): boolean {
  return !/^\.\.(\/|$)/.test(relative(folder, path));
}

/**
 * Makes a repository of its own out of another's data: the same objects, refs and work trees, under a configuration that is
 * written here. Whatever git does in it, it runs nothing that the other's configuration names, and none of its hooks.
 *
 * @returns the new git folder
 */
export function viewOf(git: Git, { gitFolder }: Target, folder: string): string {
  const view = join(folder, "view");
  const { bare, objectFormat, refStorage, shared } = readSettings(git, gitFolder);
  mkdirSync(view);
  // Git makes the folder of the reflogs only where it would not be behind a link.
  if (!bare) mkdirSync(join(gitFolder, "logs"), { recursive: true });
  for (const part of parts) symlinkSync(join(gitFolder, part), join(view, part));
  // Git takes a link for a branch's name. It is read for the branch that is checked out.
  writeFileSync(join(view, "HEAD"), readShort(join(gitFolder, "HEAD")));
  const extensions = [
    ...(objectFormat === "sha1" ? [] : [`\tobjectFormat = ${objectFormat}\n`]),
    ...(refStorage === "files" ? [] : [`\trefStorage = ${refStorage}\n`]),
  ];
  writeFileSync(
    join(view, "config"),
    [
      `[core]\n\trepositoryformatversion = ${extensions.length > 0 ? 1 : 0}\n\tbare = ${bare}\n\tsharedRepository = ${shared}\n`,
      // An alternate's own configuration would be read to learn what it has.
      "\talternateRefsCommand = :\n",
      ...(extensions.length > 0 ? ["[extensions]\n", ...extensions] : []),
    ].join(""),
  );
  return view;
}

/** What a repository's form is: each setting one of a few words, or its default. */
export function readSettings(git: Git, gitFolder: string) {
  const { stdout } = git("config", "--file", join(gitFolder, "config"), "--no-includes", "--null", "--list");
  const values = new Map(stdout.split("\0").map((entry) => [entry.split("\n", 1)[0], entry.slice(entry.indexOf("\n") + 1)]));
  const oneOf = (key: string, pattern: RegExp, otherwise: string) => {
    const value = values.get(key)?.toLowerCase() ?? "";
    return pattern.test(value) ? value : otherwise;
  };
  return {
    bare: oneOf("core.bare", /^(true|yes|on|1|core\.bare)$/, "") !== "",
    objectFormat: oneOf("extensions.objectformat", /^(sha1|sha256)$/, "sha1"),
    refStorage: oneOf("extensions.refstorage", /^(files|reftable)$/, "files"),
    /** Some objects are elsewhere, and are fetched when they are asked for. */
    partial: [...values.keys()].some((key) => /^extensions\.partialclone$|^remote\..*\.promisor$/s.test(key ?? "")),
    shared: oneOf("core.sharedrepository", /^(group|true|all|world|everybody|umask|false|0[0-7]{3})$/, "umask"),
  };
}

/** The first 4 KB of a file; nothing of what is no file. */
function readShort(path: string): Buffer {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(file).isFile()) throw new Error(`${path} is no file`);
    const buffer = Buffer.alloc(4096);
    return buffer.subarray(0, readSync(file, buffer));
  } finally {
    closeSync(file);
  }
}

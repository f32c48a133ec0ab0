import { type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { baseline } from "../../policy/baseline.ts";

/** Whether the agent's user has all of some rights (4 read, 1 enter). */
export function agentMay({ uid, gid, mode }: Stats, rights: number): boolean {
  const shift = uid === baseline.user.uid ? 6 : gid === baseline.user.gid ? 3 : 0;
  return ((mode >> shift) & rights) === rights;
}

/** What git needs of a repository: folders to enter and list, and the file that names the current commit. */
const parts = ["objects", "refs", "HEAD"] as const;

/**
 * Why sessions could not clone a folder of this machine; undefined when they can.
 *
 * @param folder its real path
 */
export function repositoryRefusal(folder: string): string | undefined {
  const at = (...names: string[]) => statSync(join(folder, ...names), { throwIfNoEntry: false });
  let git = "";
  try {
    const marked = at(".git");
    if (marked?.isFile()) return `${folder} is a worktree, whose repository lies elsewhere; name the repository itself`;
    if (marked !== undefined) git = ".git";
    if (parts.some((part) => at(git, part) === undefined)) return `${folder} is no git repository; run "git init" there, or name one`;
  } catch {
    // Whoever deploys cannot look either.
    return unreadable(folder);
  }
  const hidden = ["", git, ...parts.map((part) => join(git, part))].find((name) => {
    const found = at(name);
    return found !== undefined && !agentMay(found, found.isDirectory() ? 5 : 4);
  });
  return hidden === undefined ? undefined : unreadable(join(folder, hidden));
}

const unreadable = (path: string) =>
  `${path} cannot be read by the agent, uid ${baseline.user.uid}; let it with "chmod -R o+rX" on the repository, or name a url`;

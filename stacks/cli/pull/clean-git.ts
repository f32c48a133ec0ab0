import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { plain } from "../../printable.ts";

/** Runs git with these arguments. */
export type Git = (...args: readonly string[]) => SpawnSyncReturns<string>;

/**
 * Git that obeys nothing but its arguments: no variable, no configuration of the machine or the user, no way to fetch but from
 * a folder, and no single piece of memory above 512 MB, which a few bytes that are packed well could take.
 *
 * Whose repositories the user trusts git to open is all that is taken over.
 *
 * @param folder an empty folder of this process's own, for a home without configuration
 */
export function cleanGit(folder: string): Git {
  const home = join(folder, "home");
  mkdirSync(home);
  const { PATH, SUDO_UID } = process.env;
  const env = {
    PATH,
    HOME: home,
    TMPDIR: folder,
    LC_ALL: "C",
    // As root, git opens what belongs to the user that sudo was called by.
    ...(SUDO_UID !== undefined && { SUDO_UID }),
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_ALLOW_PROTOCOL: "file",
    GIT_NO_LAZY_FETCH: "1",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ALLOC_LIMIT: "512m",
  };
  const entries = trustedFolders(folder).map((path) => `\tdirectory = ${JSON.stringify(path)}\n`);
  writeFileSync(join(home, ".gitconfig"), `[core]\n\tbigFileThreshold = 128m\n[safe]\n${entries.join("")}`);
  return (...args) => spawnSync("git", args, { cwd: folder, encoding: "utf8", env, maxBuffer: 16 * 1024 ** 2 });
}

/** The folders that belong to somebody else and that git opens nonetheless, as the system and the user have set it (`safe.directory`). */
function trustedFolders(cwd: string): string[] {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^GIT_(?!CONFIG_(GLOBAL|SYSTEM|NOSYSTEM)$)/.test(name)));
  return ["--system", "--global"].flatMap((scope) => {
    const { stdout } = spawnSync("git", ["config", scope, "--null", "--get-all", "safe.directory"], { cwd, encoding: "utf8", env });
    return stdout?.split("\0").slice(0, -1) ?? [];
  });
}

/** A git command's output. @throws Error with the beginning of what git said when it failed */
export function must({ status, stdout, stderr, error }: SpawnSyncReturns<string>, what: string): string {
  if (status !== 0) throw new Error(`${what}: ${error?.message ?? plain(stderr).trim().slice(0, 4096)}`);
  return stdout;
}

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { inPlace } from "./place.ts";
import { startProgram } from "./programs.ts";

/** Of a repository on the host outside the cluster, with one file in it. */
export const repositoryUrl = "git://listed.example/app";

/** Has the host outside hand the repository out in git's own protocol. */
export function serveRepository(): void {
  const base = inPlace("repositories");
  if (existsSync(base)) return;
  const folder = `${base}/app`;
  mkdirSync(folder, { recursive: true });
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", folder, "-c", "user.name=test", "-c", "user.email=test@localhost", ...args]);
  git("init", "--quiet");
  writeFileSync(`${folder}/file`, "from the repository\n");
  git("add", "file");
  git("commit", "--quiet", "--message", "Add a file");
  startProgram("git-daemon", "ip", "netns", "exec", "outside", "git", "daemon", "--export-all", `--base-path=${base}`, base);
}

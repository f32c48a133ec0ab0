import { rmSync } from "node:fs";
import { join } from "node:path";
import { plain } from "../../printable.ts";
import { type Git, must } from "./clean-git.ts";
import { readSettings, type Target, viewOf } from "./target.ts";

/** More commits than this are counted, not listed. */
const listedCommits = 1000;

/** A commit that came. */
interface Commit {
  readonly id: string;
  /** The first 200 characters of its first line. */
  readonly subject: string;
}

/** What a pull brought. */
export interface Brought {
  /** How many commits are new. */
  readonly count: number;
  /** The newest of them, up to 1000. */
  readonly commits: readonly Commit[];
  readonly head: string;
}

/**
 * Brings one branch of a bundle into a repository. What is in the bundle is not trusted: its objects are checked, and only the
 * one branch is taken. Nor is the repository: nothing that its configuration names is run, and none of its hooks.
 *
 * Git before 2.46 checks no objects that come from a bundle, so the bundle is unpacked in a repository of its own first, and
 * fetched from there. The bundle is removed once it is unpacked.
 *
 * @param folder an empty folder for what is needed meanwhile
 */
export function bring(git: Git, bundle: string, target: Target, branch: string, force: boolean, folder: string): Brought {
  const ref = `refs/heads/${branch}`;
  const quarantine = join(folder, "quarantine");
  const { objectFormat, partial } = readSettings(git, target.gitFolder);
  must(
    git("init", "--quiet", "--bare", "--template=", `--object-format=${objectFormat}`, quarantine),
    "git could not make a temporary repository",
  );
  must(
    git(`--git-dir=${quarantine}`, "fetch", "--quiet", "--no-tags", "--no-auto-maintenance", bundle, `${ref}:${ref}`),
    "git could not read what the session sent",
  );
  rmSync(bundle);
  const view = viewOf(git, target, folder);
  const inTarget: Git = (...args) => git(`--git-dir=${view}`, ...args);
  const before = inTarget("rev-parse", "--quiet", "--verify", ref);
  fetch(inTarget, quarantine, target, branch, { force, whole: partial });
  // The first time, all that no other branch has is new.
  const known = before.status === 0 ? [before.stdout.trim()] : [`--exclude=${ref}`, "--all"];
  const list = (command: string, ...options: readonly string[]) =>
    must(inTarget(command, ...options, ref, "--not", ...known), `git could not list the commits in ${target.path}`);
  const log = list("log", `--max-count=${listedCommits}`, "--format=%h %<(200,trunc)%s");
  const commits = log
    .split("\n")
    .filter(Boolean)
    .map((line) => ({ id: line.split(" ", 1)[0] ?? "", subject: plain(line.slice(line.indexOf(" ") + 1)).trimEnd() }));
  return {
    count: Number(list("rev-list", "--count")),
    commits,
    head: must(inTarget("rev-parse", "--short", ref), "git could not find the branch").trim(),
  };
}

/** @param how.whole takes all of the branch's history, as the repository may lack any part of what it seems to have */
function fetch(
  inTarget: Git,
  quarantine: string,
  { path }: Target,
  branch: string,
  { force, whole }: { readonly force: boolean; readonly whole: boolean },
): void {
  const ref = `refs/heads/${branch}`;
  const fetched = inTarget(
    "-c",
    "transfer.fsckObjects=true",
    ...(whole ? ["-c", "fetch.negotiationAlgorithm=noop"] : []),
    "fetch",
    "--no-tags",
    "--no-recurse-submodules",
    "--no-auto-maintenance",
    "--no-write-fetch-head",
    quarantine,
    `${force ? "+" : ""}${ref}:${ref}`,
  );
  if (fetched.status !== 0 && fetched.stderr.includes("non-fast-forward"))
    throw new Error(`${path} has commits on ${branch} that the session has not; --force replaces them`);
  if (fetched.status !== 0 && fetched.stderr.includes("refusing to fetch into branch"))
    throw new Error(
      `${branch} is checked out in ${path} or a work tree of it, where the files would no longer fit; check out another branch`,
    );
  must(fetched, `git could not take the session's work into ${path}`);
}

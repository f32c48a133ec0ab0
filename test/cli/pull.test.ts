import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { beforeEach, expect, test } from "vitest";
import { bring } from "../../stacks/cli/pull/bring.ts";
import { cleanGit } from "../../stacks/cli/pull/clean-git.ts";
import { findTarget, refuseWritable } from "../../stacks/cli/pull/target.ts";
import { temporaryFolder } from "../support/folder.ts";
import { missing } from "../support/missing.ts";

const root = temporaryFolder("pull");
const identity = ["-c", "user.name=t", "-c", "user.email=t@localhost"];
const git = (folder: string, ...args: string[]) =>
  execFileSync("git", ["-C", folder, ...identity, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
const branch = "session/x";
const mark = join(root, "ran");
const theft = `touch ${mark}`;

/** One commit on main. */
function upstream(...options: string[]): string {
  const folder = mkdtempSync(join(root, "upstream-"));
  git(root, "init", "-q", "-b", "main", ...options, folder);
  writeFileSync(join(folder, "file"), "first");
  git(folder, "add", ".");
  git(folder, "commit", "-qm", "first");
  return folder;
}

/** What a session would send that works on a clone of this repository: one commit more, and what else is done in it. */
function bundleOf(source: string, more: (session: string) => void = () => {}): string {
  const session = mkdtempSync(join(root, "session-"));
  git(root, "clone", "-q", source, session);
  git(session, "checkout", "-q", "-b", branch, "origin/HEAD");
  writeFileSync(join(session, "work"), "work");
  git(session, "add", ".");
  git(session, "commit", "-qm", "work \u001b]0;title\u0007");
  more(session);
  const bundle = `${session}.bundle`;
  git(session, "bundle", "create", "--quiet", bundle, `refs/heads/${branch}`);
  return bundle;
}

function pull(bundle: string, path: string, force = false) {
  const folder = mkdtempSync(join(root, "temporary-"));
  const clean = cleanGit(folder);
  const copy = join(folder, "bundle");
  cpSync(bundle, copy);
  return bring(clean, copy, findTarget(clean, path), branch, force, folder);
}

/** A bundle of an empty file and of one that says it becomes so many bytes. */
function bundleOfDelta(bytes: number): Buffer {
  const sizes: number[] = [0];
  for (let left = bytes; left > 0; left = Math.floor(left / 128)) sizes.push((left % 128) + (left >= 128 ? 128 : 0));
  const delta = Buffer.from([...sizes, 1, 0]);
  const [base, change] = [Buffer.concat([Buffer.from([0x30]), deflateSync("")]), deflateSync(delta)];
  // Types: 3 is a blob, 6 a delta of the object that lies so many bytes before.
  const objects = Buffer.concat([base, Buffer.from([0x60 + delta.length, base.length]), change]);
  const pack = Buffer.concat([Buffer.from("PACK\0\0\0\x02\0\0\0\x02", "latin1"), objects]);
  const empty = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
  return Buffer.concat([Buffer.from(`# v2 git bundle\n${empty} refs/heads/${branch}\n\n`), pack, createHash("sha1").update(pack).digest()]);
}

beforeEach(() => rmSync(mark, { force: true }));

test("a session's commits come with their first lines, of which nothing commands a terminal", () => {
  const source = upstream();
  const bundle = bundleOf(source);
  expect(pull(bundle, source)).toEqual({
    count: 1,
    commits: [{ id: expect.any(String), subject: "work ]0;title" }],
    head: git(source, "rev-parse", "--short", branch),
  });
  expect(git(source, "reflog", branch)).toContain("storing head");
  expect(git(source, "fsck", "--strict")).toBe("");
  expect(pull(bundle, source)).toMatchObject({ count: 0, commits: [] });
});

test("a new repository takes all of a session's history, and notes when", () => {
  const path = join(root, "new");
  git(root, "init", "-q", path);
  expect(pull(bundleOf(upstream()), path)).toMatchObject({ count: 2 });
  expect(git(path, "reflog", branch)).toContain("storing head");
});

test("nothing is run that the repository's configuration, hooks or alternates name", () => {
  const source = upstream();
  const bundle = bundleOf(source);
  const alternate = upstream();
  for (const folder of [source, alternate]) {
    const hooks = join(folder, "evil-hooks");
    mkdirSync(hooks);
    for (const hook of ["reference-transaction", "post-checkout", "post-merge", "fsmonitor", "pre-auto-gc", "post-index-change"])
      for (const place of [hooks, join(folder, ".git/hooks")]) writeFileSync(join(place, hook), `#!/bin/sh\n${theft}\n`, { mode: 0o755 });
    appendFileSync(
      join(folder, ".git/config"),
      `[core]\n\thooksPath = ${hooks}\n\tfsmonitor = ${hooks}/fsmonitor\n\tsshCommand = ${theft}\n\tpager = ${theft}\n\taskPass = ${theft}\n` +
        `\tgitProxy = ${theft}\n\talternateRefsCommand = "${theft};:"\n\teditor = ${theft}\n` +
        `[protocol]\n\tallow = always\n[protocol "ext"]\n\tallow = always\n[url "ext::sh -c touch% ${mark}% "]\n\tinsteadOf = /\n` +
        `[url "ext::sh -c touch% ${mark}% %S"]\n\tinsteadOf = ${root}\n[uploadpack]\n\tpackObjectsHook = ${theft}\n` +
        `[hook "evil"]\n\tevent = reference-transaction\n\tcommand = ${theft}\n[log]\n\tshowSignature = true\n[gpg]\n\tprogram = ${hooks}/fsmonitor\n` +
        `[remote "origin"]\n\turl = ext::sh -c ${theft.replace(" ", "% ")}\n\tpromisor = true\n\tpartialCloneFilter = blob:none\n\tuploadpack = ${theft}\n` +
        `[extensions]\n\tpartialClone = origin\n[alias]\n\tfetch = !${theft}\n\trev-parse = !${theft}\n\tlog = !${theft}\n[include]\n\tpath = ${folder}/more\n` +
        `[gc]\n\tauto = 1\n[fetch]\n\twriteCommitGraph = true\n\trecurseSubmodules = true\n[trace2]\n\teventTarget = ${mark}\n`,
    );
    writeFileSync(join(folder, "more"), `[core]\n\thooksPath = ${hooks}\n`);
  }
  writeFileSync(join(source, ".git/objects/info/alternates"), `${join(alternate, ".git/objects")}\n`);
  const config = join(alternate, ".git/config");
  utimesSync(config, 0, 1);
  expect(pull(bundle, source)).toMatchObject({ count: 1 });
  expect(existsSync(mark)).toBe(false);
  // The alternate's was not so much as read.
  expect(statSync(config).atimeMs).toBe(0);
  writeFileSync(join(source, ".git/config"), "[core]\n\trepositoryformatversion = 0\n\tbare = false\n");
  rmSync(join(source, ".git/hooks"), { recursive: true });
  expect(git(source, "log", "--format=%s", "-1", "--skip=1", branch)).toBe("first");
});

test("nothing is run that a variable of this process names", () => {
  const source = upstream();
  const bundle = bundleOf(source);
  const [home, command] = [mkdtempSync(join(root, "home-")), join(root, "command")];
  writeFileSync(command, `#!/bin/sh\n${theft}\n`, { mode: 0o755 });
  writeFileSync(
    join(home, ".gitconfig"),
    `[core]\n\thooksPath = ${home}\n[url "ext::${command} "]\n\tinsteadOf = ${root}\n[safe]\n\tdirectory = *\n`,
  );
  cpSync(command, join(home, "reference-transaction"));
  const before = { ...process.env };
  Object.assign(process.env, {
    HOME: home,
    GIT_DIR: join(root, "nowhere"),
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "core.hooksPath",
    GIT_CONFIG_VALUE_0: home,
    GIT_EXTERNAL_DIFF: command,
    GIT_SSH_COMMAND: command,
  });
  try {
    expect(pull(bundle, source)).toMatchObject({ count: 1 });
  } finally {
    process.env = before;
  }
  expect(existsSync(mark)).toBe(false);
});

test("what belongs to somebody else is opened only where the user has said so", (context) => {
  if (process.getuid?.() !== 0) context.skip(missing("only root can give a folder away"));
  const source = upstream();
  const bundle = bundleOf(source);
  execFileSync("chown", ["-R", "12345", source]);
  const home = mkdtempSync(join(root, "home-"));
  const before = { ...process.env };
  delete process.env.SUDO_UID;
  Object.assign(process.env, { HOME: home, GIT_CONFIG_NOSYSTEM: "1" });
  try {
    expect(() => pull(bundle, source)).toThrow(/git could not open .*dubious ownership/s);
    writeFileSync(join(home, ".gitconfig"), `[safe]\n\tdirectory = ${source}\n`);
    expect(pull(bundle, source)).toMatchObject({ count: 1 });
  } finally {
    process.env = before;
  }
});

test.each<[string, () => { source: string; path: string }]>([
  [
    "with packed refs",
    () => {
      const source = upstream();
      git(source, "pack-refs", "--all");
      git(source, "gc", "-q");
      return { source, path: source };
    },
  ],
  [
    "that is bare and shared by a group",
    () => {
      const [source, path] = [upstream(), join(root, "bare.git")];
      git(root, "clone", "-q", "--bare", source, path);
      git(path, "config", "core.sharedRepository", "group");
      return { source, path };
    },
  ],
  [
    "that is named by a linked work tree",
    () => {
      const [source, path] = [upstream(), join(root, "linked")];
      git(source, "worktree", "add", "-q", "--detach", path);
      return { source, path };
    },
  ],
  [
    "that is named by a folder in it",
    () => {
      const source = upstream();
      mkdirSync(join(source, "sub"));
      return { source, path: join(source, "sub") };
    },
  ],
  [
    "with objects of 256 bits",
    () => {
      const source = upstream("--object-format=sha256");
      return { source, path: source };
    },
  ],
  [
    "with objects in an alternate",
    () => {
      const [source, path] = [upstream(), join(root, "borrows")];
      git(root, "clone", "-q", "--shared", source, path);
      return { source, path };
    },
  ],
  [
    "that is shallow",
    () => {
      const [source, path] = [upstream(), join(root, "shallow")];
      writeFileSync(join(source, "file"), "second");
      git(source, "commit", "-qam", "second");
      git(root, "clone", "-q", "--depth=1", `file://${source}`, path);
      return { source, path };
    },
  ],
  [
    "that is partial",
    () => {
      const [source, path] = [upstream(), join(root, "partial")];
      git(source, "config", "uploadpack.allowFilter", "true");
      git(root, "clone", "-q", "--filter=blob:none", "--no-checkout", `file://${source}`, path);
      return { source, path };
    },
  ],
])("a repository %s takes the branch", (_, make) => {
  const { source, path } = make();
  expect(pull(bundleOf(source), path)).toMatchObject({ count: 1 });
  expect(git(path, "log", "-1", "--format=%s", branch)).toContain("work");
  if (path.endsWith(".git")) expect(execFileSync("find", [path, "-name", "x", "-perm", "-g+w"], { encoding: "utf8" })).not.toBe("");
});

test("a repository with refs in a reftable takes the branch", (context) => {
  const folder = join(root, "reftable");
  try {
    git(root, "init", "-q", "-b", "main", "--ref-format=reftable", folder);
  } catch {
    context.skip(missing("this git knows no reftable"));
  }
  writeFileSync(join(folder, "file"), "first");
  git(folder, "add", ".");
  git(folder, "commit", "-qm", "first");
  expect(pull(bundleOf(folder), folder)).toMatchObject({ count: 1 });
  expect(git(folder, "log", "-1", "--format=%s", branch)).toContain("work");
});

test("a branch that is checked out, here or in a linked work tree, is refused", () => {
  const source = upstream();
  const bundle = bundleOf(source);
  git(source, "checkout", "-q", "-b", branch);
  expect(() => pull(bundle, source, true)).toThrow(/session\/x is checked out in .* or a work tree of it/);
  git(source, "checkout", "-q", "main");
  git(source, "worktree", "add", "-q", join(root, "checked-out"), branch);
  expect(() => pull(bundle, source, true)).toThrow("is checked out in");
  expect(git(source, "rev-parse", branch)).toBe(git(source, "rev-parse", "main"));
});

test("commits that the session has not are replaced only by force", () => {
  const source = upstream();
  const bundle = bundleOf(source);
  git(source, "branch", branch, git(source, "commit-tree", "-p", "main", "-m", "own", "main^{tree}"));
  const own = git(source, "rev-parse", branch);
  expect(() => pull(bundle, source)).toThrow("--force replaces them");
  expect(git(source, "rev-parse", branch)).toBe(own);
  pull(bundle, source, true);
  expect(git(source, "rev-parse", branch)).not.toBe(own);
});

test("a tree that would write into .git is refused, and a few bytes that would fill the memory too", () => {
  const source = upstream();
  const evil = bundleOf(source, (session) => {
    const blob = git(session, "rev-parse", "HEAD:work");
    const tree = Buffer.concat([Buffer.from("100644 .git\0"), Buffer.from(blob, "hex")]);
    const id = execFileSync("git", ["-C", session, "hash-object", "-t", "tree", "--literally", "-w", "--stdin"], { input: tree });
    git(session, "update-ref", `refs/heads/${branch}`, git(session, "commit-tree", "-p", "HEAD", "-m", "evil", String(id).trim()));
  });
  expect(() => pull(evil, source)).toThrow("contains '.git'");
  const bomb = join(root, "bomb");
  writeFileSync(bomb, bundleOfDelta(600 * 1024 ** 2));
  expect(() => pull(bomb, source)).toThrow(/attempting to allocate \d+ over limit/);
  expect(git(source, "branch", "--list")).toBe("* main");
});

test("many commits are counted, a thousand listed", () => {
  const source = upstream();
  const bundle = bundleOf(source, (session) => {
    const commits = Array.from(
      { length: 1200 },
      (_, at) =>
        `commit refs/heads/${branch}\ncommitter t <t@localhost> ${at} +0000\ndata 4\nmore\n${at === 0 ? `from refs/heads/${branch}^0\n` : ""}\n`,
    );
    execFileSync("git", ["-C", session, "fast-import", "--quiet"], { input: commits.join("") });
  });
  const { count, commits } = pull(bundle, source);
  expect([count, commits.length]).toEqual([1201, 1000]);
});

test("a repository that a session may write is refused, by whatever way it leads there", () => {
  const source = realpathSync(upstream());
  const clean = cleanGit(mkdtempSync(join(root, "temporary-")));
  const target = findTarget(clean, source);
  const refusal = (path: string) => () => refuseWritable(target, [{ session: "s", path }]);
  for (const path of [source, root, join(source, ".git"), join(source, ".git/hooks")])
    expect(refusal(path)).toThrow(`lies where session "s" may write (${path})`);
  for (const path of [join(source, "sub"), `${source}-beside`, join(root, "elsewhere")]) expect(refusal(path)).not.toThrow();
  const moved = mkdtempSync(join(root, "moved-"));
  renameSync(join(source, ".git"), join(moved, "git"));
  symlinkSync(join(moved, "git"), join(source, ".git"));
  expect(() => refuseWritable(findTarget(clean, source), [{ session: "s", path: moved }])).toThrow("may write");
});

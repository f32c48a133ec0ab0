import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parse, SettingsError } from "../../stacks/settings.ts";
import { refuseRepositories } from "../../stacks/strategies/repositories.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "git-repository-")));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const folder = (name: string) => {
  mkdirSync(join(root, name));
  return join(root, name);
};
const git = (...args: string[]) => execFileSync("git", args, { stdio: "pipe" });
const repository = (name: string, ...options: string[]) => {
  git("init", "--quiet", ...options, folder(name));
  // Root would be somebody else to uid 1000 only where the mode says so.
  execFileSync("chmod", ["-R", "go+rX", join(root, name)]);
  if (process.getuid?.() === 1000) chownSync(join(root, name), 1000, 1000);
  return join(root, name);
};
const sentences = (name: string) => {
  const { sessions } = parse({ sessions: [{ id: "a", repositories: [{ name: "code", path: name }] }] }, { root, environment: {} });
  try {
    refuseRepositories({ sessions });
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.sentences;
    throw error;
  }
};

describe("a repository of this machine, when a plan is made", () => {
  test("may be one with files, one without, or one without commits", () => {
    repository("work");
    repository("bare", "--bare");
    expect([sentences("work"), sentences("bare")]).toEqual([[], []]);
  });

  test("is refused when it is none", () => {
    folder("plain");
    expect(sentences("plain")).toEqual([
      `session "a", repository "code": ${join(root, "plain")} is no git repository; run "git init" there, or name one.`,
    ]);
  });

  test("is refused when it is a worktree, whose repository the session would not see", () => {
    writeFileSync(join(folder("tree"), ".git"), "gitdir: /elsewhere\n");
    expect(sentences("tree")).toEqual([
      `session "a", repository "code": ${join(root, "tree")} is a worktree, whose repository lies elsewhere; name the repository itself.`,
    ]);
  });

  // For uid 1000 itself, only a folder of its own that it may not read would be one.
  test.skipIf(process.getuid?.() === 1000).each(["", ".git", ".git/objects", ".git/HEAD"])(
    "is refused when uid 1000 cannot read it at %j",
    (part) => {
      const path = repository(`hidden${part.replace(/\W/g, "-")}`);
      chmodSync(join(path, part), part.endsWith("HEAD") ? 0o600 : 0o700);
      expect(sentences(path)).toEqual([
        `session "a", repository "code": ${join(path, part)} cannot be read by the agent, uid 1000; let it with "chmod -R o+rX" on the repository, or name a url.`,
      ]);
    },
  );
});

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { textConfig } from "../../stacks/configuration.ts";
import { ensureDemo } from "../../stacks/demo.ts";
import { temporaryFolder } from "../support/folder.ts";

const project = join(import.meta.dirname, "../..");
const config = textConfig(parse(readFileSync(join(project, "stacks/Pulumi.local.yaml"), "utf8")) as { config: Record<string, unknown> });

test("the repository that the project's own stack names is made once, readable for sessions, with a test that fails", () => {
  const root = temporaryFolder("demo");
  const folder = join(root, ".agent-sessions/demo");
  const before = process.umask(0o077);
  try {
    ensureDemo(config, root);
  } finally {
    process.umask(before);
  }
  const git = (...args: string[]) => execFileSync("git", ["-C", folder, ...args], { encoding: "utf8" }).trim();
  expect([git("log", "--format=%s %an"), git("status", "--porcelain")]).toEqual(["A program with a test that fails agent-sessions", ""]);
  expect([statSync(folder).mode & 0o777, statSync(join(folder, ".git/HEAD")).mode & 0o777]).toEqual([0o755, 0o644]);
  expect(() => execFileSync(process.execPath, ["--test"], { cwd: folder, stdio: "ignore", env: {} })).toThrow();
  writeFileSync(join(folder, "mine"), "");
  ensureDemo(config, root);
  expect(readdirSync(folder)).toContain("mine");
  expect(readdirSync(join(root, ".agent-sessions"))).toEqual(["demo"]);
});

test("nothing is made for a stack that does not name it", () => {
  const root = temporaryFolder("no-demo");
  ensureDemo({ "agent-sessions:sessions": '[{"id":"demo"}]' }, root);
  expect(readdirSync(root)).toEqual([]);
});

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { parse, SettingsError } from "../../stacks/settings.ts";
import { temporaryFolder } from "../support/folder.ts";

const home = temporaryFolder("home");

beforeAll(() => {
  mkdirSync(join(home, "code"));
  writeFileSync(join(home, "profile.json"), "{}");
  writeFileSync(join(home, "key"), "a-key");
  writeFileSync(join(home, "task.md"), "Do it.");
});
afterEach(() => void vi.unstubAllEnvs());

/** The settings of one session, read where `~` is a folder of the test's own. */
function session(setting: object, more: object = {}) {
  vi.stubEnv("HOME", home);
  return parse({ ...more, sessions: [{ id: "a", ...setting }] }, { root: "/nowhere", home });
}

test.each<[string, () => unknown, unknown]>([
  [
    "a repository",
    () => session({ repositories: [{ name: "code", path: "~/code" }] }).sessions[0]?.repositories[0],
    { path: join(home, "code") },
  ],
  ["a mount", () => session({ mounts: [{ source: "~/code", target: "/code" }] }).sessions[0]?.binds[0], { source: join(home, "code") }],
  ["allowedHostPaths", () => session({}, { allowedHostPaths: ["~/code"] }), { allowedHostPaths: [join(home, "code")] }],
  [
    "a secret's file",
    () => session({ credentials: { kind: "file", secret: { file: "~/key" } } }).sessions[0]?.credentials,
    { secret: { path: join(home, "key") } },
  ],
  ["a seccomp profile", () => session({ security: { seccompProfile: "~/profile.json" } }).sessions[0]?.security, { seccompProfile: "{}" }],
  ["a task's file", () => session({ agent: { taskFile: "~/task.md" } }).sessions[0]?.agent, { task: "Do it." }],
])("~ is the user's folder for %s", (_, read, expected) => {
  expect(read()).toMatchObject(expected as object);
});

test("~ alone is the home folder, and is refused as that", () => {
  expect(() => session({ repositories: [{ name: "all", path: "~" }] })).toThrow(SettingsError);
  expect(() => session({ repositories: [{ name: "all", path: "~" }] })).toThrow(/is the home folder, with its credentials/);
});

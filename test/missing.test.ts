import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test, vi } from "vitest";
import { missing } from "./support/missing.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test("what is missing is said, and fails where nothing is to be skipped", () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.stubEnv("AGENT_SESSIONS_TESTS_SKIP", undefined);
  expect(missing("it takes a tool")).toBe("it takes a tool");
  expect(warned).toHaveBeenCalledExactlyOnceWith("skipped: it takes a tool");
  vi.stubEnv("AGENT_SESSIONS_TESTS_SKIP", "never");
  expect(() => missing("it takes a tool")).toThrow("AGENT_SESSIONS_TESTS_SKIP is never, and this would be skipped: it takes a tool");
});

/** What the tests are about that no machine has all of: who runs them. */
const byUser = ["components/host-path.test.ts", "stacks/git-repository.test.ts", "stacks/settings-lists.test.ts"];
/** Where what is missing is looked for, once for all that need it. */
const finders =
  /liveEngine\(|whyNot\(|npmPackage\(|pythonPackages\(|judges\(|goProgram\(|sessionImages\(|canRunEngine|canReachEngine|missing\(/;

test("whatever may be skipped says so through the one helper", () => {
  const files = globSync("**/*.ts", { cwd: join(root, "test") }).filter(
    (file) => file !== "missing.test.ts" && file !== "support/missing.ts",
  );
  const text = (file: string) => readFileSync(join(root, "test", file), "utf8");
  expect(files.filter((file) => /["'`]skipped: /.test(text(file)))).toEqual([]);
  const skipping = files.filter((file) => /\.(skipIf|runIf)\(|\bskip\((?!missing)/.test(text(file)));
  expect(skipping.length).toBeGreaterThan(30);
  expect(skipping.filter((file) => !finders.test(text(file)) && !byUser.includes(file))).toEqual([]);
});

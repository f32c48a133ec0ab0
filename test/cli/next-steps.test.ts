import { expect, test, vi } from "vitest";
import { nextSteps } from "../../stacks/cli/next-steps.ts";
import { typed } from "../../stacks/cli/stack.ts";
import { parse } from "../../stacks/settings.ts";

const key = { credentials: { kind: "proxy", secret: { env: "KEY" } } };
const code = { repositories: [{ name: "code", url: "https://example.com/code.git" }] };

test.each<[string, object[], RegExp, RegExp]>([
  ["nothing is there", [], /run "TASK" .* --key-env/, /add ID --repository PATH-OR-URL$/],
  ["one session without a key", [{ id: "a" }], /attach a$/, /run "TASK" .* --key-env/],
  ["several without a key", [{ id: "a" }, { id: "b" }], /^Enter one of them: .*attach a$/, /run "TASK"/],
  ["one session with a key", [{ id: "a", ...key, ...code }], /attach a$/, /pull a$/],
  ["several, of which some have a key", [{ id: "a" }, { id: "b", ...key }, { id: "c", ...key, ...code }], /list; .*attach b$/, /pull c$/],
])("what to do next when %s", (_, sessions, first, second) => {
  const steps = nextSteps(parse({ sessions }, { environment: {} }).sessions, "local");
  expect(steps).toEqual([expect.stringMatching(first), expect.stringMatching(second)]);
  for (const line of steps) expect(line.length).toBeLessThanOrEqual(100);
});

test("a command is told with its stack, unless it is for that one by itself", () => {
  const { sessions } = parse({ sessions: [{ id: "a" }] }, { environment: {} });
  expect(nextSteps(sessions, "server").join("\n")).toMatch(/attach a --stack server\n.* --key-env ANTHROPIC_API_KEY --stack server$/);
  expect(typed("exec a -- COMMAND --all", "server")).toBe("npx sessions exec a --stack server -- COMMAND --all");
  expect(typed("list", "local")).toBe("npx sessions list");
  vi.stubEnv("PULUMI_STACK", "server");
  try {
    expect([typed("list", "server"), typed("list", "local")]).toEqual(["npx sessions list", "npx sessions list --stack local"]);
  } finally {
    vi.unstubAllEnvs();
  }
});

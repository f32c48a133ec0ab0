import { expect, test } from "vitest";
import { nextSteps } from "../../stacks/cli/next-steps.ts";
import { parse } from "../../stacks/settings.ts";

const key = { credentials: { kind: "proxy", secret: { env: "KEY" } } };
const code = { repositories: [{ name: "code", url: "https://example.com/code.git" }] };

test.each<[string, object[], RegExp, RegExp]>([
  ["nothing is there", [], /run "TASK" .* --key-env/, /add ID --repository PATH$/],
  ["one session without a key", [{ id: "a" }], /attach a$/, /run "TASK" .* --key-env/],
  ["several without a key", [{ id: "a" }, { id: "b" }], /^Enter one of them: .*attach a$/, /run "TASK"/],
  ["one session with a key", [{ id: "a", ...key, ...code }], /attach a$/, /pull a$/],
  ["several, of which some have a key", [{ id: "a" }, { id: "b", ...key }, { id: "c", ...key, ...code }], /list; .*attach b$/, /pull c$/],
])("what to do next when %s", (_, sessions, first, second) => {
  const steps = nextSteps(parse({ sessions }, { environment: {} }).sessions);
  expect(steps).toEqual([expect.stringMatching(first), expect.stringMatching(second)]);
  for (const line of steps) expect(line.length).toBeLessThanOrEqual(100);
});

import { expect, test } from "vitest";
import { evaluate } from "../../policy/evaluate.ts";
import { enforcementAt } from "../../policy/reference.ts";
import { levels } from "../../policy/rules/severity.ts";
import { packConfig, policyConfig } from "../../stacks/policy-config.ts";
import { parse } from "../../stacks/settings.ts";
import { sessionContainer } from "../policy/fixtures.ts";

const exception = { reason: "the tool takes no file", owner: "me", expires: "2099-12-31" };
const settings = parse(
  { sessions: [{ id: "s", credentials: { kind: "environment", secret: { env: "KEY" }, exception } }] },
  { environment: {} },
);
const bare = parse({ sessions: [{ id: "s" }] }, { environment: {} });
const exceptions = [{ resource: "s-container", ...exception }];

test.each(levels)("what the settings except keeps the enforcement of the level %s, as all else", (level) => {
  expect(packConfig(bare, level)).toEqual(enforcementAt(level));
  expect(packConfig(settings, level)).toEqual({
    ...enforcementAt(level),
    "CTR-026": { enforcementLevel: "mandatory", exceptions },
    "CTR-026-critical": { enforcementLevel: "mandatory", exceptions },
  });
});

test("a file goes before the level, and what it says of all policies holds for those that it does not name", () => {
  const other = { resource: "other", ...exception };
  const file = { "CTR-001": "disabled", "CTR-002": { some: "setting" }, "CTR-026": { enforcementLevel: "advisory", exceptions: [other] } };
  expect(packConfig(settings, "production", file)).toEqual({
    ...enforcementAt("production"),
    ...file,
    "CTR-002": { enforcementLevel: "mandatory", some: "setting" },
    "CTR-026": { enforcementLevel: "advisory", exceptions: [...exceptions, other] },
    "CTR-026-critical": { enforcementLevel: "mandatory", exceptions },
  });
  expect(packConfig(settings, "production", { all: "advisory" })).toEqual({ all: "advisory", ...policyConfig(settings) });
});

test.each(levels)("without an engine, it makes no difference to the level %s", (level) => {
  const resources = [sessionContainer({ readOnly: false, envs: ["API_KEY=abcdefgh"], privileged: true })];
  const [own, whole] = [policyConfig(settings), packConfig(settings, level)].map((config) => evaluate(resources, { level, config }));
  expect(own?.findings.length).toBeGreaterThan(3);
  expect(whole).toEqual(own);
});

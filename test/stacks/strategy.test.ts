import { describe, expect, test } from "vitest";
import { z } from "zod";
import { policyConfig } from "../../stacks/policy-config.ts";
import { parse } from "../../stacks/settings.ts";
import { resolveStrategy } from "../../stacks/settings/strategy.ts";
import { strategyKeys, strategySchemas } from "../../stacks/settings/strategy-schema.ts";

/** The strategy that there is, and one of plain objects. */
const schemas = {
  ...strategySchemas,
  plain: z.strictObject({ places: z.int().default(3) }),
};

function chosen(deployment: Readonly<Record<string, unknown>>, judged = true) {
  const mistakes: string[] = [];
  return { strategy: resolveStrategy(schemas, deployment, judged, mistakes), mistakes };
}

describe("the strategy of a stack", () => {
  const local = { name: "local", hostNetwork: false, debug: false, volumePersistence: true };

  test.each<[object, object]>([
    [{}, local],
    [
      { strategy: "local", local: { debug: true } },
      { ...local, debug: true },
    ],
    [{ strategy: "plain" }, { name: "plain", places: 3 }],
    [
      { strategy: "plain", plain: { places: 5 } },
      { name: "plain", places: 5 },
    ],
  ])("%j", (deployment, strategy) => {
    expect(chosen({ ...deployment })).toEqual({ strategy, mistakes: [] });
  });

  test.each<[object, string]>([
    [
      { strategy: "plain", local: { debug: true } },
      'local: {"debug":true} is for the strategy local, and this is plain; remove it, or write strategy: local.',
    ],
    [{ plain: { places: 5 } }, 'plain: {"places":5} is for the strategy plain, and this is local; remove it, or write strategy: plain.'],
  ])("%j has what another one is told", (deployment, mistake) => {
    expect(chosen({ ...deployment }).mistakes).toEqual([mistake]);
    expect(chosen({ ...deployment }, false).mistakes).toEqual([]);
  });

  test("each has a key of its own name, which may be left out", () => {
    const keys = z.strictObject(strategyKeys(schemas));
    expect(keys.parse({})).toEqual({});
    expect(keys.parse({ plain: {} })).toEqual({ plain: { places: 3 } });
    expect(keys.safeParse({ plain: { place: 1 } }).success).toBe(false);
  });
});

test("the host's network is let pass by the policy where the strategy's own key asks for it, and not otherwise", () => {
  const config = (local: object) => policyConfig(parse({ local, sessions: [{ id: "a" }] }, { environment: {} }))["CTR-008"];
  expect(config({ hostNetwork: true })).toEqual({ allowHostNetwork: true });
  expect(config({})).toBeUndefined();
});

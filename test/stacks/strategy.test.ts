import { describe, expect, test } from "vitest";
import { z } from "zod";
import { engineAddress } from "../../stacks/configuration.ts";
import { policyConfig } from "../../stacks/policy-config.ts";
import { parse } from "../../stacks/settings.ts";
import { resolveStrategy } from "../../stacks/settings/strategy.ts";
import { strategyKeys, strategySchemas } from "../../stacks/settings/strategy-schema.ts";

/** The strategies that there are, and one of plain objects. */
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
    [
      { strategy: "single-node" },
      { name: "single-node", resourceIsolation: true, securityHardening: true, supervisor: { port: 9464 }, monitoring: true },
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

describe("a session of a single node", () => {
  const cloned = [{ name: "code", url: "https://example.com/code.git" }];
  const sessionOf = (options: object, session: object = {}) =>
    parse({ strategy: "single-node", "single-node": options, sessions: [{ id: "a", ...session }] }, { environment: {} }).sessions[0];

  test("is promised half of its limits, shared with no other, unless it says otherwise or the strategy is told not to", () => {
    const half = { memory: 2 * 1024 ** 3, cpu: 1 };
    expect(sessionOf({})?.reservations).toEqual(half);
    expect(sessionOf({}, { limits: { memory: "1 GB", cpu: 1 } })?.reservations).toEqual({ memory: 512 * 1024 ** 2, cpu: 0.5 });
    expect(sessionOf({}, { reservations: { cpu: 2 } })?.reservations).toEqual({ ...half, cpu: 2 });
    expect(sessionOf({ resourceIsolation: false })?.reservations).toEqual({});
  });

  test("has a uid of its own, unless it says otherwise, sees a folder of the host, or the strategy is told not to", () => {
    const own = sessionOf({}, { repositories: cloned })?.uid;
    expect(own).toBeGreaterThanOrEqual(10_000);
    expect(parse({ sessions: [{ id: "a", uid: "own" }] }).sessions[0]?.uid).toBe(own);
    expect(sessionOf({}, { uid: "shared" })?.uid).toBeUndefined();
    expect(sessionOf({}, { repositories: [{ name: "code", path: "." }] })?.uid).toBeUndefined();
    expect(sessionOf({ securityHardening: false })?.uid).toBeUndefined();
  });

  test("does not share the host's network, which nothing of this strategy asks for", () => {
    expect(() => sessionOf({}, { network: { mode: "host" } })).toThrow("gives up all isolation of the network");
    expect(() => parse({ strategy: "single-node", local: { hostNetwork: true }, sessions: [] })).toThrow("is for the strategy local");
  });
});

test("the engine is the one that the chosen strategy names", () => {
  const config = { "agent-sessions:local": '{"engine":"unix:///run/a.sock"}', "agent-sessions:single-node": '{"engine":"ssh://b"}' };
  expect(engineAddress(config)).toBe("unix:///run/a.sock");
  expect(engineAddress({ ...config, "agent-sessions:strategy": "single-node" })).toBe("ssh://b");
  expect(() => engineAddress({ "agent-sessions:strategy": "single-node", "agent-sessions:engine": "ssh://b" })).toThrow(
    'agent-sessions:engine belongs in agent-sessions:single-node; write agent-sessions:single-node: {engine: "ssh://b"}',
  );
});

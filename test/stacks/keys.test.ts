import { describe, expect, test } from "vitest";
import { engineAddress, fromConfig, stackConfig } from "../../stacks/configuration.ts";
import { nearest } from "../../stacks/near.ts";
import { unknownKey } from "../../stacks/settings/keys.ts";
import { sentencesOf } from "../../stacks/settings/sentences.ts";

describe("a key that its place does not know", () => {
  test.each<[readonly PropertyKey[], string, string]>([
    [["local"], "debg", "there is no such key; did you mean debug?"],
    [[], "sesions", "there is no such key; did you mean sessions?"],
    [["sessions", 0], "netwrok", "there is no such key; did you mean network?"],
    [["sessions", 0, "credentials"], "secrt", "there is no such key; did you mean secret?"],
    [["sessions", 0], "egress", "belongs in network; write network: {egress: …}."],
    [["defaults"], "ports", "belongs in network; write network: {ports: …}."],
    [["sessions", 0], "allow", "belongs in network.egress; write network: {egress: {allow: …}}."],
    [["sessions", 0], "memory", "belongs in limits or reservations; write limits: {memory: …}."],
    [[], "limits", "belongs in defaults; write defaults: {limits: …}."],
    [["sessions", 3, "network"], "limits", "belongs in sessions[3]; move it there."],
    [["sessions", 3, "network", "egress"], "ports", "belongs in sessions[3].network; move it there."],
    [["sessions", 0], "strategy", "belongs at the top; write agent-sessions:strategy."],
    [["sessions", 0], "hostNetwork", "belongs in local; move it there."],
    [["image"], "limits", "belongs in defaults; move it there."],
    [["image"], "quota", "belongs in kubernetes; move it there."],
    [["image"], "accessPoints", "belongs in ecs.quotas; move it there."],
    [["local"], "colour", "there is no such key; known here: engine, hostNetwork, debug, volumePersistence, devServices, transform."],
    [["image", "agent"], "cpu", "there is no such key; known here: package, version."],
    [["single-node", "gateway", "tokens", 0], "name", expect.stringMatching(/^there is no such key; known here: /)],
    [["image", "agent"], "tag", "there is no such key; known here: package, version."],
  ])("%j %s", (path, key, sentence) => {
    expect(unknownKey(path, key)).toEqual(sentence);
  });
});

test.each([{}, { a: null }, { a: "text" }, null])("a key below what holds no keys, in %j, is missing", (raw) => {
  expect(sentencesOf({ code: "custom", path: ["a", "length"], message: "is wrong", input: undefined }, raw)).toEqual([
    "a.length: is missing; write a value for it.",
  ]);
});

describe("what was probably meant is at most two slips away", () => {
  test.each([
    ["dmo", ["demo", "other"], "demo"],
    ["demoo", ["demo"], "demo"],
    ["edmo", ["demo"], "demo"],
    ["Debug", ["debug"], "debug"],
    ["network", ["notwerk"], "notwerk"],
    ["netw", ["network"], undefined],
    ["ab", ["cd"], undefined],
    ["a", ["b"], undefined],
    ["egress", [], undefined],
  ])("%s among %j", (word, candidates, meant) => {
    expect(nearest(word, candidates)).toBe(meant);
  });
});

describe("a stack file", () => {
  const file = "stacks/Pulumi.x.yaml";
  test.each([
    [
      null,
      /^stacks\/Pulumi\.x\.yaml is empty; write\n\nconfig:\n {2}agent-sessions:sessions:\n {4}- id: demo\n\nor run "npx sessions add demo"$/,
    ],
    ["text", /is not a set of keys and values; write\n\nconfig:/],
    [{ sessions: [] }, /: sessions belongs below "config:", as agent-sessions:sessions; write\n\nconfig:/],
    [{ "agent-sessions:sessions": [] }, /: agent-sessions:sessions belongs below "config:"/],
    [
      { config: { sessions: [], strategy: "local" } },
      /: sessions, strategy has no prefix; write agent-sessions:sessions, agent-sessions:strategy$/,
    ],
  ])("%j is told the right key", (content, sentence) => {
    expect(() => stackConfig(content, file)).toThrow(sentence);
  });

  test("is read as Pulumi keeps it, with keys of others as they are", () => {
    expect(stackConfig({ encryptionsalt: "v1:x", config: { "agent-sessions:sessions": [{ id: "a" }], "aws:region": "x" } }, file)).toEqual({
      "agent-sessions:sessions": '[{"id":"a"}]',
      "aws:region": "x",
    });
    expect(stackConfig({ config: null }, file)).toEqual({});
  });
});

describe("the engine that a configuration names", () => {
  test.each([
    [{}, undefined],
    [{ "agent-sessions:local": '{"debug":true}' }, undefined],
    [{ "agent-sessions:local": '{"engine":"unix:///run/x.sock","debug":5}', "agent-sessions:sessions": "faulty" }, "unix:///run/x.sock"],
    [{ "agent-sessions:local": "null" }, undefined],
    [{ "agent-sessions:local": '{"engine":5}' }, "5"],
  ])("%j: %s", (config, address) => {
    expect(engineAddress(config as unknown as Record<string, string>)).toBe(address);
  });

  test("cannot be read where its key begins as JSON and is none, and what stands there is not told", () => {
    const config = { "agent-sessions:local": '{"engine": hunter2' };
    const sentence = /^agent-sessions:local begins as JSON and is none; mend it, or write it as YAML without quotes around it$/;
    expect(() => engineAddress(config)).toThrow(sentence);
    expect(() => fromConfig(config)).toThrow(sentence);
  });

  test("is not looked for elsewhere where it stands at the top, as no command is to speak to another engine", () => {
    expect(() => engineAddress({ "agent-sessions:engine": "unix:///run/x.sock" })).toThrow(
      'agent-sessions:engine belongs in agent-sessions:local; write agent-sessions:local: {engine: "unix:///run/x.sock"}',
    );
  });
});

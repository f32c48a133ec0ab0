import { describe, expect, test } from "vitest";
import { type Circumstances, decideCleanup } from "../../stacks/platforms/docker/cleanup/decide.ts";
import type { SessionThings, Thing } from "../../stacks/platforms/docker/cleanup/survey.ts";
import type { CleanupPolicy } from "../../stacks/settings.ts";

const day = 86_400_000;
const now = 1000 * day;

const thing = (name: string, more: Partial<Thing> = {}): Thing => ({
  kind: "container",
  id: name,
  name,
  made: now - 10 * day,
  main: false,
  running: false,
  mountedBy: [],
  ...more,
});
const volume = (data: "workspace" | "session" | "logs", more: Partial<Thing> = {}) => thing(data, { kind: "volume", data, ...more });
const main = (more: Partial<Thing> = {}) => thing("main", { main: true, ...more });
const network = thing("network", { kind: "network" });

const age = { kind: "age", seconds: 7 * 86_400 } as const;
const policy = (more: Partial<CleanupPolicy> = {}): CleanupPolicy => ({
  name: "p",
  volumes: ["workspace", "logs"],
  containers: true,
  trigger: age,
  ...more,
});

function decided(given: CleanupPolicy, things: readonly Thing[], at: Partial<Circumstances> = {}, begun?: string) {
  const held: SessionThings = { session: "s", things, ...(begun !== undefined && { begun }) };
  const verdicts = decideCleanup(given, held, { now, asked: [], described: false, pulumi: false, ...at });
  return Object.fromEntries(verdicts.map(({ thing: { name }, goes, why }) => [name, goes ? "goes" : why]));
}

const notNamed = "the stack file describes the session, and the policy does not name it";
const forPulumi = "the Pulumi CLI has it in its state and would miss it; take the session out of the stack file first";

describe("of a session that is gone", () => {
  test.each<[string, readonly Thing[], Readonly<Record<string, string>>]>([
    ["goes what is old and of a kind that is named", [volume("logs"), volume("session")], { logs: "goes" }],
    ["stays what is young", [volume("logs", { made: now - 6 * day })], { logs: "it was made 6 d ago, less than 7 d" }],
    ["stays what the engine dates later than now", [volume("logs", { made: now + day })], { logs: "it was made 0 s ago, less than 7 d" }],
    [
      "stays what the engine does not date",
      [volume("logs", { made: Number.POSITIVE_INFINITY })],
      { logs: "the engine does not say when it was made" },
    ],
    ["goes what serves it, running or not", [thing("proxy", { running: true }), network], { proxy: "goes", network: "goes" }],
    [
      "goes a volume with the only container that has it",
      [main(), volume("logs", { mountedBy: ["main"] })],
      { main: "goes", logs: "goes" },
    ],
    [
      "stays a volume that another has too",
      [main(), volume("logs", { mountedBy: ["main", "stranger"] })],
      { main: "goes", logs: "container stranger has it mounted" },
    ],
    [
      "stays a container that runs, all that serves it, and its volumes",
      [main({ running: true }), thing("proxy"), network, volume("logs", { mountedBy: ["main"] })],
      {
        main: "the session runs, and the policy does not name it",
        proxy: "the session runs, and the policy does not name it",
        network: "the session runs, and the policy does not name it",
        logs: "container main has it mounted",
      },
    ],
    [
      "stays what serves a young container, be it older",
      [main({ made: now - day }), thing("proxy")],
      { main: "it was made 1 d ago, less than 7 d", proxy: "it was made 1 d ago, less than 7 d" },
    ],
    [
      "stays what may be somebody else's, and the volumes that it has",
      [main({ strange: "its name is another's" }), volume("logs", { mountedBy: ["main"] })],
      { main: "its name is another's", logs: "container main has it mounted" },
    ],
  ])("%s", (_, things, expected) => {
    expect(decided(policy(), things)).toEqual(expected);
  });

  test("containers stay where the policy names volumes alone, and hold these", () => {
    expect(decided(policy({ containers: false }), [main(), volume("logs", { mountedBy: ["main"] }), volume("workspace")])).toEqual({
      logs: "container main has it mounted",
      workspace: "goes",
    });
  });
});

describe("of a session that the stack file describes", () => {
  const all = [main({ running: true }), volume("logs", { mountedBy: ["main"] })];
  test("nothing goes, unless the policy names it", () => {
    expect(decided(policy(), all, { described: true })).toEqual({ main: notNamed, logs: notNamed });
    expect(decided(policy({ sessions: ["s"] }), all, { described: true })).toEqual({ main: "goes", logs: "goes" });
    expect(decided(policy({ sessions: ["t"] }), all, { described: true })).toEqual({});
  });
  test("nothing goes behind the Pulumi CLI's back, named or complete", () => {
    const complete = { kind: "complete", seconds: 60 } as const;
    for (const given of [policy({ sessions: ["s"] }), policy({ trigger: complete })])
      expect(decided(given, all, { described: true, pulumi: true, standing: { text: "complete", endedSince: 0 } })).toEqual({
        main: forPulumi,
        logs: forPulumi,
      });
    expect(decided(policy(), [volume("logs")], { pulumi: true })).toEqual({ logs: "goes" });
  });
});

describe("complete", () => {
  const complete = policy({ trigger: { kind: "complete", seconds: 86_400 } });
  const all = [main({ running: true, made: now }), network, volume("logs", { mountedBy: ["main"], made: now })];
  const each = (why: string) => ({ main: why, network: why, logs: why });
  test.each<[string, Partial<Circumstances>, string]>([
    ["for long enough", { standing: { text: "complete (agent-exit)", endedSince: now - day } }, "goes"],
    [
      "not for long enough",
      { standing: { text: "complete (idle)", endedSince: now - day + 1000 } },
      "the session is complete (idle) for 23 h, less than 1 d",
    ],
    [
      "since a time that is still to come",
      { standing: { text: "failed", endedSince: now + day } },
      "the session is failed for 0 s, less than 1 d",
    ],
    ["not at all", { standing: { text: "healthy" } }, "the session is healthy"],
    ["nobody knows", {}, "whether the session is complete cannot be told, as it does not run"],
  ])("%s", (_, at, expected) => {
    for (const described of [true, false]) expect(decided(complete, all, { ...at, described })).toEqual(each(expected));
  });
  test("a session that does not run is not known to be complete", () => {
    expect(decided(complete, [main(), volume("logs", { mountedBy: ["main"] })])).toEqual({
      main: "whether the session is complete cannot be told, as it does not run",
      logs: "whether the session is complete cannot be told, as it does not run",
    });
  });
});

test("a disk takes only while it is fuller, and nobody's session that is described", () => {
  const full = policy({ trigger: { kind: "disk", percent: 85 } });
  expect(decided(full, [volume("logs", { made: now })], { disk: 85.01 })).toEqual({ logs: "goes" });
  expect(decided(full, [volume("logs")], { disk: 85 })).toEqual({});
  expect(decided(full, [volume("logs")])).toEqual({});
  expect(decided(full, [volume("logs")], { disk: 99, described: true })).toEqual({ logs: notNamed });
});

test("a manual one takes only when it is asked for", () => {
  const manual = policy({ trigger: { kind: "manual" } });
  expect(decided(manual, [volume("logs")], { asked: ["other"] })).toEqual({});
  expect(decided(manual, [volume("logs", { made: now })], { asked: ["p"] })).toEqual({ logs: "goes" });
});

describe("what a policy has begun", () => {
  const manual = policy({ trigger: { kind: "manual" }, sessions: ["s"] });
  const young = volume("logs", { made: now, mountedBy: [] });
  test("is finished by it, and by no other", () => {
    expect(decided(manual, [main(), young], { described: true }, "p")).toEqual({ main: "goes", logs: "goes" });
    expect(decided(manual, [main(), young], { described: true }, "other")).toEqual({});
    expect(decided(policy({ trigger: { kind: "complete", seconds: 60 } }), [young], { described: true }, "p")).toEqual({ logs: "goes" });
  });
  test("is not where the session runs again, the volume is in use or may be another's, or the Pulumi CLI has it", () => {
    expect(decided(manual, [main({ running: true }), young], { described: true }, "p")).toEqual({});
    const held = [volume("logs", { mountedBy: ["stranger"] }), volume("workspace", { strange: "it is odd" })];
    expect(decided(manual, held, {}, "p")).toEqual({ logs: "container stranger has it mounted", workspace: "it is odd" });
    expect(decided(manual, [young], { described: true, pulumi: true }, "p")).toEqual({ logs: forPulumi });
  });
});

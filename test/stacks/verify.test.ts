import { createHash, createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "../../stacks/settings.ts";
import { check, type Check, type Surroundings } from "../../stacks/verify/check.ts";
import { checks } from "../../stacks/verify/checks/index.ts";
import { type Call, probeCommand } from "../../stacks/verify/probe.ts";
import { promisedTo } from "../../stacks/verify/promised.ts";
import { count, junit, shortForm } from "../../stacks/verify/report.ts";
import { knownSecrets } from "../../stacks/verify/known-secrets.ts";
import { type Target, type Verified, verify, verifyQuickly } from "../../stacks/verify/run.ts";
import { temporaryFolder } from "../support/folder.ts";

const surroundings: Surroundings = {
  greeting: "hello",
  host: { port: 1, addresses: ["192.0.2.1"] },
  listener: { port: 9, heard: () => [] },
  neighbours: [{ id: "two", names: ["two"], addresses: ["192.0.2.2"], port: 2 }],
  volumes: new Map([["one", []]]),
  uids: new Map(),
  held: new Map([["one", { workspace: 0, session: 0, logs: 0 }]]),
  secrets: { count: 1, unknown: [], foreign: () => new Map() },
};
const promisedOf = (session: object) => promisedTo(parse({ sessions: [{ id: "one", ...session }] }).sessions[0]!);
const isFour = (id: string): Check =>
  check<number>({
    id,
    control: "user",
    promise: () => `${id} is four`,
    attempt: () => ({ how: "count", probe: "create", args: {} }),
    expectation: (answer) => ({ held: answer === 4, found: `it is ${answer}` }),
  });
/** A line as the probe prints it. */
const signed = (text: string, input: string) => `${createHmac("sha256", input.trimEnd()).update(text).digest("hex")} ${text}\n`;
const saying = (say: (input: string) => string): Target => ({
  promised: promisedOf({}),
  execute: async (_command, _seconds, input) => say(input),
  haltProxy: () => Promise.reject(new Error("it has no proxy")),
});
const answering = (lines: readonly string[] | Error): Target =>
  saying((input) => {
    if (lines instanceof Error) throw lines;
    return lines.map((line) => signed(line, input)).join("");
  });
const resultsOf = async (target: Target, list: readonly Check[]) =>
  (await verify([target], { checks: list, surroundings }))[0]?.results.map(({ id, verdict, found }) => [id, verdict, found]);

test("only the promised answer is held; no answer, half an answer and an error are not tried", async () => {
  const lines = ['{"id":"right","answer":4}', '{"id":"wrong","answer":5}', '{"id":"failed","error":"no process for it: EAGAIN"}'];
  const target = saying(
    (input) => `${lines.map((line) => signed(line, input)).join("")}${signed('{"id":"half","answer":4}', input).slice(0, -1)}`,
  );
  expect(await resultsOf(target, ["right", "wrong", "failed", "half", "silent"].map(isFour))).toEqual([
    ["right", "held", "it is 4"],
    ["wrong", "not held", "it is 5"],
    ["failed", "not tried", "no process for it: EAGAIN"],
    ["half", "not tried", "the session gave no answer in time"],
    ["silent", "not tried", "the session gave no answer in time"],
  ]);
});

test("an answer that is not signed with the key of the run makes none of them held, whatever else is said", async () => {
  const right = '{"id":"a","answer":4}';
  const [a, b] = [isFour("a"), isFour("b")];
  const forgeries: Record<string, (input: string) => string> = {
    early: () => `${right}\n`,
    "under another key": () => signed(right, "0".repeat(64)),
    "under another text's signature": (input) => signed('{"id":"a","answer":5}', input).replace("5", "4"),
    "no outcome": () => "anything\n",
  };
  for (const [how, forge] of Object.entries(forgeries))
    for (const say of [
      (input: string) => forge(input) + signed('{"id":"a","answer":5}', input),
      (input: string) => signed(right, input) + forge(input),
      forge,
    ])
      expect(await resultsOf(saying(say), [a, b]), how).toEqual(
        ["a", "b"].map((id) => [id, "not held", "the session forged answers: 1 lines are not signed"]),
      );
});

test("a promise with two answers is not held, and the others are judged", async () => {
  for (const [first, second] of [
    [4, 4],
    [4, 5],
    [5, 4],
  ])
    expect(
      await resultsOf(
        answering([`{"id":"a","answer":${first}}`, '{"id":"b","answer":4}', `{"id":"a","answer":${second}}`]),
        ["a", "b"].map(isFour),
      ),
    ).toEqual([
      ["a", "not held", "the session answered twice"],
      ["b", "held", "it is 4"],
    ]);
});

test("every run has a key of its own, which is in no command line", async () => {
  const inputs: string[] = [];
  const target: Target = {
    ...answering([]),
    execute: async (command, _seconds, input) => {
      inputs.push(input);
      expect(command.join("\n")).not.toContain(input.trimEnd());
      return "";
    },
  };
  const alone = { ...isFour("b"), attempt: () => ({ how: "count", probe: "create", args: {}, alone: true }) };
  await resultsOf(target, [isFour("a"), alone]);
  expect(inputs).toEqual([expect.stringMatching(/^[0-9a-f]{64}\n$/), expect.stringMatching(/^[0-9a-f]{64}\n$/)]);
  expect(inputs[0]).not.toBe(inputs[1]);
});

test("that no other session was reached proves nothing once its server has ended", async () => {
  const list = checks.filter(({ id }) => id === "other-sessions");
  const target = { ...answering(['{"id":"other-sessions","answer":{}}']), promised: promisedOf({ network: { mode: "bridge" } }) };
  const verdicts = async (ended: boolean) =>
    (
      await verify([target], {
        checks: list,
        surroundings: { ...surroundings, neighbours: surroundings.neighbours.map((other) => ({ ...other, ended: () => ended })) },
      })
    )[0]?.results.map(({ verdict, found }) => [verdict, found]);
  expect(await verdicts(false)).toEqual([["held", "neither"]]);
  expect(await verdicts(true)).toEqual([["not tried", "the server in two has ended, and nobody was left to be reached"]]);
});

test("that no service of the host was reached proves nothing once verify's own there has ended", async () => {
  const list = checks.filter(({ id }) => id === "host-services");
  const verdicts = async (ended: boolean, outcome: string) => {
    const host = { port: 1, addresses: ["192.0.2.1"], ended: () => ended };
    const target = answering([JSON.stringify({ id: "host-services", answer: { "tcp 192.0.2.1 port 1": outcome } })]);
    const [verified] = await verify([target], { checks: list, surroundings: { ...surroundings, host } });
    return verified?.results.map(({ verdict, found }) => [verdict, found]);
  };
  expect(await verdicts(false, "ENETUNREACH")).toEqual([["held", "ENETUNREACH"]]);
  expect(await verdicts(true, "ENETUNREACH")).toEqual([
    ["not tried", "the server on the host has ended, and nobody was left to be reached"],
  ]);
  expect(await verdicts(true, "greeted")).toEqual([["not held", "tcp 192.0.2.1 port 1: greeted"]]);
});

test("whatever a session writes, it is verified and the others are too", async () => {
  const answers = [null, 4, "x", [null], { error: { toString: 1 } }, { x: null }];
  const texts = answers.map((answer) => checks.map(({ id }) => JSON.stringify({ id, answer })));
  const faults = [
    "null",
    "4",
    "[]",
    '{"answer":4}',
    '{"id":{}}',
    ...checks.map(({ id }) => JSON.stringify({ id, error: { toString: 1 } })),
  ];
  const targets = [...texts, faults].flatMap((lines) =>
    [{ egress: { allow: ["one.example.com"] } }, { egress: "open" }].map((network) => ({
      ...answering(lines),
      promised: promisedOf({ network }),
    })),
  );
  const verified = await verify(targets, { checks, surroundings });
  expect(verified).toHaveLength(targets.length);
  for (const { found } of verified.flatMap(({ results }) => results)) expect(found).toBeTypeOf("string");
});

test("a session in which nothing can be run is not tried", async () => {
  expect(await resultsOf(answering(new Error("the container is paused")), [isFour("any")])).toEqual([
    ["any", "not tried", "the container is paused"],
  ]);
});

test("what is tried without the proxy is tried while it stands still, and proves nothing when it does not", async () => {
  const halted = { ...isFour("halted") };
  const list = [{ ...halted, attempt: () => ({ how: "count", probe: "create", args: {}, proxyHalted: true }) }];
  const order: string[] = [];
  const target = (stillHalted: boolean): Target => ({
    promised: promisedOf({}),
    execute: async (command, _seconds, input) => {
      order.push(...(JSON.parse(command.at(-1) ?? "") as { attempts: Call[] }).attempts.map(({ id }) => id));
      return signed('{"id":"halted","answer":4}', input);
    },
    haltProxy: async () => {
      order.push("halt");
      return {
        resume() {
          order.push("resume");
          return Promise.resolve(stillHalted);
        },
      };
    },
  });
  expect(await resultsOf(target(true), list)).toEqual([["halted", "held", "it is 4"]]);
  expect(order).toEqual(["halt", "halted", "resume"]);
  expect(await resultsOf(target(false), list)).toEqual([
    ["halted", "not tried", "the proxy went on after 5 seconds, before all was tried"],
  ]);
  expect(await resultsOf(answering([]), list)).toEqual([["halted", "not tried", "it has no proxy"]]);
});

test("a check that promises nothing to a session is not in its table", async () => {
  expect(await resultsOf(answering([]), [{ ...isFour("none"), promise: () => undefined }])).toEqual([]);
});

test("every check has an id of its own, and calls a probe that is there", () => {
  expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
  const calls = checks.flatMap((entry): Call[] => {
    const attempt = entry.attempt(promisedOf({}), surroundings);
    return "probe" in attempt ? [{ id: entry.id, probe: attempt.probe, args: attempt.args, seconds: 1 }] : [];
  });
  expect(calls.length).toBeGreaterThan(10);
  const source = probeCommand(calls, 1).at(-2) ?? "";
  for (const { probe } of calls) expect(source).toMatch(new RegExp(`^@probe\\ndef ${probe}\\(`, "m"));
});

test("what cannot be reached for is not tried", () => {
  const reasons = (surroundings: Surroundings, session = promisedOf({})) =>
    checks.flatMap((entry) => {
      const attempt = entry.attempt(session, surroundings);
      return entry.promise(session, surroundings) !== undefined && "notTried" in attempt ? [[entry.id, attempt.notTried]] : [];
    });
  expect(reasons(surroundings)).toEqual([]);
  const filtered = (allow: string) => promisedOf({ network: { egress: { allow: [allow] } } });
  expect(reasons(surroundings, filtered("one.example.com"))).toEqual([]);
  expect(reasons(surroundings, filtered("*.example.com"))).toEqual([["proxy-allows", "only suffixes are listed"]]);
  expect(
    reasons({
      ...surroundings,
      volumes: new Map(),
      uids: new Map(),
      held: { notTried: "it took too long" },
      host: { notTried: "far away" },
      listener: { notTried: "not allowed" },
      neighbours: [{ id: "one", names: ["one"], addresses: ["192.0.2.1"], port: 2 }],
    }),
  ).toEqual([
    ["disk-limit", "it took too long"],
    ["host-services", "far away"],
    ["other-sessions", "no other session has an address"],
    ["stray-datagrams", "not allowed"],
    ["own-volumes", "the engine does not say"],
  ]);
});

test("what is quick needs nothing around the sessions", async () => {
  const sessions = [{}, { network: { mode: "bridge" } }, { network: { egress: "open" } }].map((session, index) => ({
    ...answering([]),
    promised: { ...promisedOf(session), id: String(index) },
  }));
  const held = new Map(sessions.map(({ promised: { id } }) => [id, { workspace: 0, session: 0, logs: 0 }]));
  const tried = (await verifyQuickly(sessions, checks, held)).map(({ results }) => results);
  expect(tried.map((results) => results.find(({ id }) => id === "disk-limit")?.verdict)).toEqual(["held", "held", "held"]);
  for (const results of tried.map((all) => all.filter(({ id }) => id !== "disk-limit"))) {
    expect(results.length).toBeGreaterThan(10);
    expect([...new Set(results.map(({ found }) => found))]).toEqual(["the session gave no answer in time"]);
  }
  expect(tried.map((results) => results.some(({ id }) => id === "outside"))).toEqual([true, false, false]);
});

test("promises come from the settings", () => {
  const textOf = (id: string, session: object) => checks.find((entry) => entry.id === id)?.promise(promisedOf(session), surroundings);
  expect(textOf("capabilities", {})).toBe("every capability set is empty");
  expect(textOf("capabilities", { security: { capabilities: ["cap_net_bind_service"] } })).toBe("no capability but NET_BIND_SERVICE");
  const filtered = { network: { egress: { allow: ["one.example.com"] } } };
  expect(textOf("outside", filtered)).toBe("no way out but through the proxy");
  expect(textOf("proxy-refuses", filtered)).toBe("the proxy takes nothing to a host, port or address that is not listed");
  const audited = { network: { egress: { allow: ["one.example.com"], mode: "audit" } } };
  expect(textOf("outside", audited)).toBe("no way out but through the proxy");
  expect(textOf("proxy-refuses", audited)).toBe("the proxy takes nothing to a private or metadata address");
  expect(textOf("outside", { network: { egress: "open" } })).toBeUndefined();
  expect(textOf("mounts-read-only", {})).toBeUndefined();
  expect(textOf("mounts-read-only", { repositories: [{ name: "lib", url: "https://example.com/lib.git" }] })).toBe("/repos/lib: read-only");
  expect(textOf("mounts", {})).toBe(
    "nothing is mounted but /logs, /session, /tmp, /tmp/agent, /workspace, read-only or writable as promised",
  );
  expect(textOf("mounts", { credentials: { kind: "file", secret: { env: "KEY" } } })).toBe(
    "nothing is mounted but /auth, /logs, /session, /tmp, /tmp/agent, /workspace, read-only or writable as promised",
  );
  const behindProxy = { credentials: { kind: "proxy", secret: { env: "KEY" } } };
  expect(textOf("mounts", behindProxy)).toBe(
    "nothing is mounted but /logs, /run/credential-proxy, /session, /tmp, /tmp/agent, /workspace, read-only or writable as promised",
  );
  expect(textOf("mounts-read-only", behindProxy)).toBe("/run/credential-proxy: read-only");
});

const verified: Verified = {
  session: "one",
  results: [
    { id: "a", promise: "a < b", attempt: "try", verdict: "held", found: "" },
    { id: "b", promise: "b", attempt: "try", verdict: "not held", found: '"x" & y' },
    { id: "c", promise: "c", attempt: "try", verdict: "not tried", found: "no time" },
  ],
};

describe("secrets", () => {
  const folder = temporaryFolder("verify");
  const file = (name: string, value: string) => {
    writeFileSync(join(folder, name), value);
    return { file: join(folder, name) };
  };
  const digest = (part: string) => createHash("sha256").update(part).digest("hex").slice(0, 16);
  const [own, other, behind] = ["own-0123456789-abcdefgh", "other-0123456789-abcdef", "proxy-0123456789-abcdef"] as const;
  const settings = parse({
    sessions: [
      { id: "one", credentials: { kind: "file", secret: file("own", own) } },
      { id: "two", credentials: { kind: "file", secret: file("other", `{"claudeAiOauth":{"accessToken":"${other}"}}`) } },
      {
        id: "three",
        credentials: { kind: "proxy", secret: file("proxy", behind) },
        repositories: [{ name: "code", url: "https://example.com/code.git", secret: file("short", "too-short-1") }],
      },
    ],
  });

  test("a session must not hold another's, and nobody one that only a proxy uses", async () => {
    const known = await knownSecrets(settings);
    const foreignTo = (id: string) => [...known.foreign(id).keys()].sort();
    expect(foreignTo("one")).toEqual([other, behind].map(digest).sort());
    expect(foreignTo("two")).toEqual([own, behind].map(digest).sort());
    expect(foreignTo("three")).toEqual([own, other, behind].map(digest).sort());
    expect([known.count, known.unknown]).toEqual([4, [`file ${join(folder, "short")}`]]);
  });

  test("no value is in what is asked of a session, and one that cannot be looked for is not held", async () => {
    const known = await knownSecrets(settings);
    const list = checks.filter(({ id }) => id === "foreign-secrets");
    const judged = async (answer: object) => {
      let asked = "";
      const target: Target = {
        ...answering([]),
        execute: async (command, _seconds, input) => {
          asked += command.join(" ");
          return signed(JSON.stringify({ id: "foreign-secrets", answer }), input);
        },
      };
      const [verified] = await verify([target], { checks: list, surroundings: { ...surroundings, secrets: known } });
      for (const value of [own, other, behind, digest(own), digest(other), digest(behind)]) expect(asked).not.toContain(value);
      return verified?.results.map(({ verdict, found }) => [verdict, found]);
    };
    expect(await judged({ [digest(other)]: "/tmp/x", [digest(own)]: "/auth/token" })).toEqual([
      ["not held", `file ${join(folder, "other")} is in /tmp/x`],
    ]);
    expect(await judged({ [digest(own)]: "/auth/token" })).toEqual([
      ["not tried", `not known here, or too short to be looked for: file ${join(folder, "short")}`],
    ]);
  });
});

test("the short form and the JUnit report keep held, not held and not tried apart", () => {
  expect(count(verified)).toEqual({ held: 1, notHeld: 1, notTried: 1 });
  expect(shortForm(verified)).toBe("one: 1 of 3 promises hold; NOT HELD: b; 1 not tried");
  expect(shortForm({ ...verified, results: verified.results.slice(0, 1) })).toBe("one: all 1 promises hold");
  expect(junit([verified])).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="one" tests="3" failures="1" errors="0" skipped="1">
    <testcase classname="one.a" name="a &lt; b" time="0"/>
    <testcase classname="one.b" name="b" time="0"><failure message="&quot;x&quot; &amp; y">try</failure></testcase>
    <testcase classname="one.c" name="c" time="0"><skipped message="no time"/></testcase>
  </testsuite>
</testsuites>
`);
});

import { expect, test } from "vitest";
import { parse } from "../../stacks/settings.ts";
import { check, type Check, type Surroundings } from "../../stacks/verify/check.ts";
import { checks } from "../../stacks/verify/checks/index.ts";
import { type Call, probeCommand } from "../../stacks/verify/probe.ts";
import { promisedTo } from "../../stacks/verify/promised.ts";
import { count, junit, shortForm } from "../../stacks/verify/report.ts";
import { type Target, type Verified, verify, verifyQuickly } from "../../stacks/verify/run.ts";

const around: Surroundings = { greeting: "hello", host: { port: 1, addresses: ["192.0.2.1"] }, neighbours: [{ id: "two", names: ["two"], addresses: ["192.0.2.2"], port: 2 }] };
const promisedOf = (session: object) => promisedTo(parse({ sessions: [{ id: "one", ...session }] }).sessions[0]!);
const isFour = (id: string): Check =>
  check<number>({ id, promise: () => `${id} is four`, attempt: () => ({ how: "count", probe: "create", args: {} }), expectation: (answer) => ({ held: answer === 4, found: `it is ${answer}` }) });
const answering = (lines: readonly string[] | Error): Target => ({
  promised: promisedOf({}),
  execute: () => (lines instanceof Error ? Promise.reject(lines) : Promise.resolve(lines.join("\n"))),
});
const resultsOf = async (target: Target, list: readonly Check[]) => (await verify([target], { checks: list, around }))[0]?.results.map(({ id, verdict, found }) => [id, verdict, found]);

test("only the promised answer is held; no answer, half an answer and an error are not tried", async () => {
  const target = answering(['{"id":"right","answer":4}', '{"id":"wrong","answer":5}', '{"id":"failed","error":"no process for it: EAGAIN"}', '{"id":"half","ans']);
  expect(await resultsOf(target, ["right", "wrong", "failed", "half", "silent"].map(isFour))).toEqual([
    ["right", "held", "it is 4"],
    ["wrong", "not held", "it is 5"],
    ["failed", "not tried", "no process for it: EAGAIN"],
    ["half", "not tried", "the session gave no answer in time"],
    ["silent", "not tried", "the session gave no answer in time"],
  ]);
});

test("a session in which nothing can be run is not tried", async () => {
  expect(await resultsOf(answering(new Error("the container is paused")), [isFour("any")])).toEqual([["any", "not tried", "the container is paused"]]);
});

test("a check that promises nothing to a session is not in its table", async () => {
  expect(await resultsOf(answering([]), [{ ...isFour("none"), promise: () => undefined }])).toEqual([]);
});

test("every check has an id of its own, and calls a probe that is there", () => {
  expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
  const calls = checks.flatMap((entry): Call[] => {
    const attempt = entry.attempt(promisedOf({}), around);
    return "probe" in attempt ? [{ id: entry.id, probe: attempt.probe, args: attempt.args, seconds: 1 }] : [];
  });
  expect(calls.length).toBeGreaterThan(10);
  const source = probeCommand(calls, 1)[3] ?? "";
  for (const { probe } of calls) expect(source).toMatch(new RegExp(`^@probe\\ndef ${probe}\\(`, "m"));
});

test("what cannot be reached for is not tried", () => {
  const reasons = (surroundings: Surroundings) =>
    checks.flatMap((entry) => {
      const attempt = entry.attempt(promisedOf({}), surroundings);
      return "notTried" in attempt ? [[entry.id, attempt.notTried]] : [];
    });
  expect(reasons(around)).toEqual([]);
  expect(reasons({ greeting: "hello", host: { notTried: "far away" }, neighbours: [{ id: "one", names: ["one"], addresses: ["192.0.2.1"], port: 2 }] })).toEqual([
    ["host-services", "far away"],
    ["other-sessions", "no other session has an address"],
  ]);
});

test("what is quick needs nothing around the sessions", async () => {
  const sessions = [{}, { network: { mode: "bridge" } }, { network: { egress: "open" } }].map((session, index) => ({ ...answering([]), promised: { ...promisedOf(session), id: String(index) } }));
  const tried = (await verifyQuickly(sessions, checks)).map(({ results }) => results);
  for (const results of tried) {
    expect(results.length).toBeGreaterThan(10);
    expect([...new Set(results.map(({ found }) => found))]).toEqual(["the session gave no answer in time"]);
  }
  expect(tried.map((results) => results.some(({ id }) => id === "outside"))).toEqual([true, false, false]);
});

test("promises come from the settings", () => {
  const textOf = (id: string, session: object) => checks.find((entry) => entry.id === id)?.promise(promisedOf(session));
  expect(textOf("capabilities", {})).toBe("every capability set is empty");
  expect(textOf("capabilities", { security: { capabilities: ["cap_net_bind_service"] } })).toBe("no capability but NET_BIND_SERVICE");
  expect(textOf("mounts-read-only", {})).toBeUndefined();
  expect(textOf("mounts-read-only", { repositories: [{ name: "lib", url: "https://example.com/lib.git" }] })).toBe("/repos/lib: read-only");
  expect(textOf("mounts", {})).toBe("nothing is mounted but /logs, /session, /tmp, /tmp/agent, /workspace");
  expect(textOf("mounts", { credentials: { kind: "file", secret: { env: "KEY" } } })).toBe("nothing is mounted but /auth, /logs, /session, /tmp, /tmp/agent, /workspace");
  const behindProxy = { credentials: { kind: "proxy", secret: { env: "KEY" } } };
  expect(textOf("mounts", behindProxy)).toBe("nothing is mounted but /logs, /run/credential-proxy, /session, /tmp, /tmp/agent, /workspace");
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

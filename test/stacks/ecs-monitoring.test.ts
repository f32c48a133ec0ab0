import { expect, test } from "vitest";
import { mark } from "../support/aws/request.ts";
import { rolledOut } from "../support/aws/stack.ts";

/** What the strategy ecs has CloudWatch watch, from settings on. */

const listed = { network: { egress: { allow: ["api.anthropic.com"] } } };
const ecs = { egressKey: { env: "EGRESS_KEY" } };
const ofType = (all: Awaited<ReturnType<typeof rolledOut>>, last: string) => all.filter(({ type }) => type.endsWith(`:${last}`));

test("each session has alarms and filters of its own, which tell the stack's topic", async () => {
  const all = await rolledOut({
    ecs: { ...ecs, monitoring: { email: "team@corp.example" } },
    sessions: [{ id: "a" }, { id: "b", ...listed }],
  });
  const topic = mark("monitoring-topic", "arn");
  expect(ofType(all, "Topic").map(({ inputs }) => inputs)).toEqual([
    { name: "agent-sessions-test-alarms", tags: { "agent-sessions:kind": "alarms" } },
  ]);
  expect(ofType(all, "TopicSubscription").map(({ inputs }) => inputs)).toEqual([
    { topic, protocol: "email", endpoint: "team@corp.example" },
  ]);
  expect(
    ofType(all, "MetricAlarm")
      .map(({ name }) => name)
      .sort(),
  ).toEqual(
    [
      "SupervisorDown",
      ...["SessionCpuHigh", "SessionMemoryHigh", "SessionRestartLoop", "SessionUnhealthy"].flatMap((name) => [`a-${name}`, `b-${name}`]),
      "b-EgressDeniedBurst",
    ]
      .map((name) => `monitoring-${name}`)
      .sort(),
  );
  for (const { inputs } of ofType(all, "MetricAlarm")) expect([inputs.alarmActions, inputs.okActions]).toEqual([[topic], [topic]]);
  const groups = ofType(all, "LogMetricFilter").map(({ inputs }) => inputs.logGroupName);
  const made = ofType(all, "LogGroup").map(({ inputs }) => inputs.name);
  expect(groups).toHaveLength(5);
  expect(groups.filter((group) => !made.includes(group))).toEqual([]);
});

test("a filter comes after the log group that it counts in", async () => {
  const all = await rolledOut({ ecs, sessions: [{ id: "b", ...listed }] });
  const place = (name: string) => all.findIndex((one) => one.name === name);
  for (const { name } of ofType(all, "LogMetricFilter")) expect(place(name)).toBeGreaterThan(place("b-service"));
  const [filter] = ofType(all, "LogMetricFilter");
  expect(filter?.dependencies).toContain(all[place("b-service")]?.urn);
});

test("another session changes nothing of those that are there", async () => {
  const watch = async (sessions: readonly object[]) =>
    (await rolledOut({ sessions: sessions as never }))
      .filter(({ name }) => name.startsWith("monitoring-"))
      .map(({ urn, inputs }) => ({ urn, inputs }));
  const before = await watch([{ id: "a" }]);
  expect(before.length).toBeGreaterThan(6);
  expect(await watch([{ id: "a" }, { id: "b" }])).toEqual(expect.arrayContaining(before));
});

test("a topic that is there is told, and false watches nothing", async () => {
  const topic = "arn:aws:sns:eu-central-1:123456789012:alarms";
  const all = await rolledOut({ ecs: { monitoring: { topic } }, sessions: [{ id: "a" }] });
  expect(ofType(all, "Topic")).toEqual([]);
  for (const { inputs } of ofType(all, "MetricAlarm")) expect(inputs.alarmActions).toEqual([topic]);
  const none = await rolledOut({ ecs: { monitoring: false }, sessions: [{ id: "a" }] });
  expect(none.filter(({ type }) => /MetricAlarm|Dashboard|LogMetricFilter|Topic/.test(type))).toEqual([]);
});

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
      ...["SessionCpuHigh", "SessionFailed", "SessionMemoryHigh", "SessionRestartLoop", "SessionUnhealthy"].flatMap((name) => [
        `a-${name}`,
        `b-${name}`,
      ]),
      "b-EgressDeniedBurst",
    ]
      .map((name) => `monitoring-${name}`)
      .sort(),
  );
  for (const { name, inputs } of ofType(all, "MetricAlarm"))
    expect([name, inputs.alarmActions, inputs.okActions]).toEqual([name, [topic], name.endsWith("SessionFailed") ? [] : [topic]]);
  expect(ofType(all, "EventTarget").map(({ inputs }) => [inputs.arn, inputs.rule])).toEqual([[topic, "agent-sessions-test-start-faults"]]);
  const [policy] = ofType(all, "TopicPolicy").map(({ inputs }) => inputs);
  expect(policy?.arn).toBe(topic);
  expect(policy?.policy).toContain("arn:aws:events:eu-central-1:123456789012:rule/agent-sessions-test-start-faults");
  const groups = ofType(all, "LogMetricFilter").map(({ inputs }) => inputs.logGroupName);
  const made = ofType(all, "LogGroup").map(({ inputs }) => inputs.name);
  expect(groups).toHaveLength(5);
  expect(groups.filter((group) => !made.includes(group))).toEqual([]);
});

test("a filter comes after the log group that it counts in", async () => {
  const all = await rolledOut({ ecs, sessions: [{ id: "b", ...listed }] });
  const place = (name: string) => all.findIndex((one) => one.name === name);
  for (const one of ofType(all, "LogMetricFilter")) expect(all.indexOf(one)).toBeGreaterThan(place("b-service"));
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

test("the start of all tasks of a pool in a roll-out is no loop, however far it is scaled", async () => {
  const autoscale = { min: 1, max: 4, schedule: [{ at: "cron(0 7 ? * MON-FRI *)", min: 2, max: 9 }] };
  const all = await rolledOut({ ecs, sessions: [{ id: "a", pool: { replicas: 3 } }, { id: "b", pool: { autoscale } }, { id: "c" }] });
  const loops = ofType(all, "MetricAlarm").filter(({ name }) => name.endsWith("RestartLoop"));
  const math = loops.map(({ inputs }) => (inputs.metricQueries as { expression?: string }[]).at(-1)?.expression);
  expect(math).toEqual(["(FILL(m1, 0) - 3)", "(FILL(m1, 0) - 9)", "FILL(m1, 0)"]);
  // Nothing runs for certain here, so that silence is nobody's fault.
  expect(all.filter(({ name }) => name.endsWith("SupervisorDown"))).toEqual([]);
});

test("a topic that is there is told, and false watches nothing", async () => {
  const topic = "arn:aws:sns:eu-central-1:123456789012:alarms";
  const all = await rolledOut({ ecs: { monitoring: { topic } }, sessions: [{ id: "a" }] });
  expect([ofType(all, "Topic"), ofType(all, "TopicPolicy")]).toEqual([[], []]);
  expect(ofType(all, "EventTarget").map(({ inputs }) => inputs.arn)).toEqual([topic]);
  for (const { inputs } of ofType(all, "MetricAlarm")) expect(inputs.alarmActions).toEqual([topic]);
  const none = await rolledOut({ ecs: { monitoring: false }, sessions: [{ id: "a" }] });
  expect(none.filter(({ type }) => /MetricAlarm|Dashboard|LogMetricFilter|Topic|Event/.test(type))).toEqual([]);
});

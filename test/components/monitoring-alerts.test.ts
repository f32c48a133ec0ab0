import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { alerts, runbookOf } from "../../components/monitoring/alerts.ts";
import { sessionAlarms, stackAlarms } from "../../components/monitoring/cloudwatch.ts";
import { toDashboard } from "../../components/monitoring/cloudwatch-dashboard.ts";
import { egressFilter, notOnFargate, sessionFilters } from "../../components/monitoring/fargate-figures.ts";
import { sessionMetrics, stackMetrics } from "../../components/monitoring/metrics.ts";
import { startFaultRule, startFaultTarget, topicRights } from "../../components/monitoring/start-faults.ts";
import { type Rule, toPrometheusRule, toRuleGroups } from "../../components/monitoring/prometheus-rules.ts";

/** The alerts, as each platform has them. */

const names = alerts.map(({ name }) => name);
const rules = toRuleGroups().groups.flatMap((group) => group.rules);

test("each alert is there once, with a section in the runbook that says what to do", () => {
  expect(new Set(names).size).toBe(names.length);
  const sections = readFileSync("components/monitoring/README.md", "utf8").split(/^### /m).slice(1);
  expect(sections.map((section) => section.split("\n")[0])).toEqual(names);
  for (const section of sections) expect(section.split("\n").slice(1).join("\n").trim().length).toBeGreaterThan(80);
  expect(runbookOf({ name: "SessionCpuHigh" })).toBe("components/monitoring/README.md#sessioncpuhigh");
});

test("the product's own thresholds hold", () => {
  const known = Object.fromEntries(alerts.map((alert) => [alert.name, [alert.severity, alert.operator, alert.threshold]]));
  expect(known).toMatchObject({
    SessionMemoryHigh: ["critical", ">", 0.9],
    SessionCpuHigh: ["warning", ">", 0.95],
    CredentialProxyErrors: ["warning", ">", 0.05],
    CredentialProxySlow: ["warning", ">", 2],
    GatewayErrors: ["warning", ">", 0.05],
    GatewaySlow: ["warning", ">", 2],
  });
});

test("a rule of Prometheus says what is compared, for how long, and whom it is about", () => {
  expect(rules.map(({ alert }) => alert).sort()).toEqual([...names].sort());
  const rule = (name: string) => rules.find(({ alert }) => alert === name);
  expect(rule("SessionMemoryHigh")).toEqual({
    alert: "SessionMemoryHigh",
    expr: "agent_sessions_memory_bytes / agent_sessions_memory_limit_bytes > 0.9",
    for: "10s",
    labels: { severity: "critical" },
    annotations: {
      summary: "Session {{ $labels.session }} uses {{ $value | humanizePercentage }} of its memory",
      description: "At its limit the kernel kills what asks for more. Raise limits.memory, or have the agent do less at once.",
      runbook: "components/monitoring/README.md#sessionmemoryhigh",
    },
  });
  expect(rule("SessionDiskHigh")?.expr).toBe(
    'sum without (place) (agent_sessions_disk_bytes{place=~"workspace|session"}) / agent_sessions_disk_limit_bytes > 0.9',
  );
  expect(rule("SessionRestartLoop")?.expr).toBe("round(increase(agent_sessions_restarts_total[600s])) >= 3");
  expect(rule("NodeDiskHigh")?.expr).toBe("1 - agent_sessions_node_disk_free_bytes / agent_sessions_node_disk_bytes > 0.85");
});

test("rules ask for nothing that is not measured, those of a session for what is measured of sessions", () => {
  for (const { name, rules } of toRuleGroups().groups) {
    const known: readonly string[] = name === "agent-sessions-session" ? sessionMetrics : stackMetrics;
    const asked = rules.flatMap(({ expr }) => expr.match(/agent_sessions_\w+/g) ?? []).map((metric) => metric.replace(/_bucket$/, ""));
    expect([name, asked.filter((metric) => !known.includes(metric))]).toEqual([name, []]);
  }
});

/** The form of the custom resource, as Prometheus Operator's definition of it (monitoring.coreos.com/v1, 0.82) has it. */
const duration = /^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$/;
function prometheusRuleFaults(object: unknown): string[] {
  const faults: string[] = [];
  const check = (holds: boolean, fault: string) => void (holds || faults.push(fault));
  const keys = (value: object, known: readonly string[], where: string) =>
    faults.push(...Object.keys(value).flatMap((key) => (known.includes(key) ? [] : [`${where}.${key} is no field`])));
  const { apiVersion, kind, metadata, spec, ...more } = object as ReturnType<typeof toPrometheusRule<Rule>>;
  keys(more, [], "the object");
  check(apiVersion === "monitoring.coreos.com/v1" && kind === "PrometheusRule", "kind");
  check(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(metadata.name), "metadata.name");
  keys(spec, ["groups"], "spec");
  check(new Set(spec.groups.map(({ name }) => name)).size === spec.groups.length, "groups are a map by name");
  for (const group of spec.groups) {
    keys(group, ["interval", "labels", "limit", "name", "partial_response_strategy", "query_offset", "rules"], group.name);
    check(group.name.length > 0 && duration.test(group.interval), `${group.name} has a name and an interval`);
    for (const rule of group.rules) {
      keys(rule, ["alert", "annotations", "expr", "for", "keep_firing_for", "labels", "record"], rule.alert);
      check(typeof rule.expr === "string" && duration.test(rule.for), `${rule.alert} has an expression and a duration`);
      for (const texts of [rule.labels, rule.annotations])
        check(
          Object.values(texts).every((text) => typeof text === "string"),
          `${rule.alert} has texts`,
        );
    }
  }
  return faults;
}

test("a cluster's Prometheus Operator is given the same rules in its own form", () => {
  const object = toPrometheusRule({ name: "agent-sessions", namespace: "agents" }, toRuleGroups());
  expect(prometheusRuleFaults(object)).toEqual([]);
  expect(object.spec).toEqual(toRuleGroups());
  const [group] = object.spec.groups;
  expect(prometheusRuleFaults({ ...object, spec: { groups: [{ ...group, interval: "ten", every: 1 }] } })).toHaveLength(2);
});

const prod = { project: "agent-sessions", stack: "prod" };
const whole = { id: "one", filtered: true, credentialProxy: true };
const bare = { id: "two", filtered: false, credentialProxy: false };
const pool = { id: "many", filtered: false, credentialProxy: false, tasks: 3 };
const told = [...stackAlarms(prod, true), ...sessionAlarms(prod, whole), ...sessionAlarms(prod, bare), ...sessionAlarms(prod, pool)];
const alarms = told.map(({ inputs }) => inputs);
const namesOf = (all: typeof told) => all.map(({ inputs }) => inputs.name);
const alarm = (name: string) => alarms.find((one) => one.name === `agent-sessions-prod-${name}`);

test("CloudWatch has an alarm for all that Fargate measures, and of what it does not it says why", () => {
  expect(Object.keys(notOnFargate).filter((name) => !names.includes(name))).toEqual([]);
  const of = (kind: string) => alerts.filter((one) => one.of === kind && !(one.name in notOnFargate)).map(({ name }) => name);
  expect(namesOf(stackAlarms(prod, true))).toEqual(of("stack").map((name) => `agent-sessions-prod-${name}`));
  expect(namesOf(sessionAlarms(prod, whole))).toEqual(of("session").map((name) => `agent-sessions-prod-one-${name}`));
  // Of what a session has not, nothing can ever come.
  expect(namesOf(sessionAlarms(prod, bare))).toEqual(
    of("session")
      .filter((name) => !/^(Egress|Credential)/.test(name))
      .map((name) => `agent-sessions-prod-two-${name}`),
  );
});

test("an alarm asks for what Container Insights count of the session's own service", () => {
  expect(alarm("two-SessionMemoryHigh")).toEqual({
    name: "agent-sessions-prod-two-SessionMemoryHigh",
    alarmDescription: expect.stringContaining("Runbook: components/monitoring/README.md#sessionmemoryhigh"),
    comparisonOperator: "GreaterThanThreshold",
    evaluationPeriods: 1,
    threshold: 0.9,
    treatMissingData: "notBreaching",
    metricQueries: [
      ...["MemoryUtilized", "MemoryReserved"].map((metricName, index) => ({
        id: `m${index + 1}`,
        returnData: false,
        metric: {
          namespace: "ECS/ContainerInsights",
          metricName,
          dimensions: { ClusterName: "agent-sessions-prod", ServiceName: "agent-sessions-prod-claude-agent-two" },
          period: 60,
          stat: "Maximum",
        },
      })),
      { id: "value", returnData: true, expression: "m1 / m2" },
    ],
    tags: { severity: "critical" },
  });
});

test.each([
  ["one-SessionCpuHigh", "(m1 / m2)", ["CpuUtilized Maximum", "CpuReserved Maximum"], 1],
  // Tasks that are yet to run are no fault until a start has taken too long.
  ["one-SessionUnhealthy", "(m1 - m2)", ["DesiredTaskCount Maximum", "RunningTaskCount Maximum"], 10],
  // It is said once, when nothing of the agent is to run any more.
  ["one-SessionFailed", "FILL(m1, 0)", ["SessionFailed Sum"], 1],
  ["one-SessionRestartLoop", "FILL(m1, 0)", ["AgentStarted Sum"], 1],
  // A roll-out of three tasks is no loop.
  ["many-SessionRestartLoop", "(FILL(m1, 0) - 3)", ["AgentStarted Sum"], 1],
  ["one-EgressDeniedBurst", "FILL(m1, 0)", ["EgressDenied Sum"], 1],
  ["one-CredentialRefused", "FILL(m1, 0)", ["KeyRefused Sum"], 1],
  [
    "one-CredentialProxyErrors",
    "FILL(m1, 0) / (FILL(m2, 0) + FILL(m3, 0) + FILL(m4, 0))",
    ["ModelAnswered5xx Sum", "ModelAnswered2xx Sum", "ModelAnswered4xx Sum", "ModelAnswered5xx Sum"],
    1,
  ],
  ["one-CredentialProxySlow", "m1 / 1000", ["ModelMilliseconds p95"], 1],
  ["one-CredentialProxyDown", "m1", ["RunningTaskCount Maximum"], 10],
  ["SupervisorDown", "m1 * 0", ["TaskCount Maximum"], 10],
])("the math of %s is what the alert means", (name, expression, metrics, periods) => {
  const { metricQueries = [], evaluationPeriods } = alarm(name) ?? {};
  expect(metricQueries.at(-1)?.expression).toBe(expression);
  expect(metricQueries.flatMap(({ metric }) => (metric === undefined ? [] : [`${metric.metricName} ${metric.stat}`]))).toEqual(metrics);
  expect(evaluationPeriods).toBe(periods);
});

test("silence raises an alarm where something always speaks, and no other: people and schedules stop sessions", () => {
  expect(alarm("SupervisorDown")).toMatchObject({ treatMissingData: "breaching", threshold: 0 });
  expect(namesOf(stackAlarms(prod, false))).toEqual([]);
  const silent = alarms.filter(({ treatMissingData }) => treatMissingData === "breaching").map(({ name }) => name.split("-").at(-1));
  expect(silent).toEqual(["SupervisorDown", "CredentialProxyDown"]);
});

test("the end of what a line has said once is not told, as it has not ended", () => {
  const lasting = sessionAlarms(prod, whole).filter(({ endIsTold }) => !endIsTold);
  expect(namesOf(lasting).map((name) => name.split("-").at(-1))).toEqual(["SessionFailed", "CredentialRefused"]);
});

test("what ECS cannot start is told of the stack's own services, and of no other", () => {
  const { name, eventPattern } = startFaultRule(prod);
  const { resources, detail } = JSON.parse(eventPattern) as { resources: [{ wildcard: string }]; detail: { eventName: string[] } };
  const covers = new RegExp(`^${resources[0].wildcard.replaceAll("*", ".*")}$`);
  const service = (cluster: string) => `arn:aws:ecs:eu-central-1:123456789012:service/${cluster}/${cluster}-claude-agent-one`;
  expect(["agent-sessions-prod", "agent-sessions-prod-2", "other"].map((cluster) => covers.test(service(cluster)))).toEqual([
    true,
    false,
    false,
  ]);
  expect(detail.eventName).toContain("SERVICE_TASK_START_IMPAIRED");
  expect(startFaultTarget.inputTransformer.inputTemplate).toMatch(/^"SessionUnhealthy: tasks of <service> .*README\.md#sessionunhealthy"$/);
  const place = { ...prod, region: "eu-central-1", account: "123456789012", execute: false, logDays: 30 } as never;
  const { Statement } = JSON.parse(topicRights(place, "arn:of:topic")) as { Statement: { Principal: object; Condition: object }[] };
  expect(Statement.map(({ Principal, Condition }) => [Principal, Condition])).toEqual(
    [
      ["cloudwatch", "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:*"],
      ["events", `arn:aws:events:eu-central-1:123456789012:rule/${name}`],
    ].map(([who, source]) => [{ Service: `${who}.amazonaws.com` }, { ArnLike: { "aws:SourceArn": source } }]),
  );
});

test("an alarm of lines asks for what a filter of the session's own logs counts, and of another session for nothing", () => {
  const filters = [...sessionFilters(prod, whole), egressFilter(prod, "/the/record")];
  const made = filters.map(({ metricTransformation: { namespace, name } }) => `${namespace} ${name}`);
  const asked = alarms.flatMap(({ metricQueries }) =>
    metricQueries.flatMap(({ metric }) =>
      metric?.namespace.startsWith("AgentSessions/") ? [`${metric.namespace} ${metric.metricName}`] : [],
    ),
  );
  const own = asked.filter((one) => !/\/(two|many) /.test(one));
  expect([...new Set(own)]).toEqual(expect.arrayContaining(made));
  expect(made.filter((one) => !asked.includes(one))).toEqual([]);
  expect(own.filter((one) => !made.includes(one))).toEqual([]);
  const { namespace, dimensions } = alarm("one-EgressDeniedBurst")?.metricQueries[0]?.metric ?? {};
  expect([namespace, dimensions]).toEqual(["AgentSessions/agent-sessions/prod", { session: "one" }]);
});

test("what is refused is counted by the record's own words, what verify tries is not, and a filter stays within the service's limits", () => {
  expect(egressFilter(prod, "/the/record")).toEqual({
    name: "agent-sessions-prod-EgressDenied",
    logGroupName: "/the/record",
    pattern: '{ ($.by != "verify") && ($.verdict = "unlisted" || $.verdict = "address" || $.verdict = "unresolved") }',
    metricTransformation: {
      name: "EgressDenied",
      namespace: "AgentSessions/agent-sessions/prod",
      value: "1",
      dimensions: { session: "$.session" },
      unit: "Count",
    },
  });
  expect(sessionFilters(prod, bare).map(({ logGroupName, pattern }) => [logGroupName, pattern])).toEqual([
    ["/agent-sessions/agent-sessions/prod/two", '"session: the agent runs:"'],
    ["/agent-sessions/agent-sessions/prod/two", '"session: failed:"'],
  ]);
  for (const { pattern, name } of sessionFilters(prod, whole)) expect([pattern.length <= 1024, name.length <= 512]).toEqual([true, true]);
});

test("the dashboard knows no session by name, and is of the stack's cluster alone", () => {
  const { widgets } = JSON.parse(toDashboard(prod, "eu-central-1")) as {
    widgets: { properties: { metrics: [{ expression: string }][] } }[];
  };
  const searched = widgets.flatMap(({ properties }) => properties.metrics.map(([{ expression }]) => expression));
  expect(searched).toHaveLength(6);
  expect(searched.filter((one) => !/ClusterName="agent-sessions-prod"|\{AgentSessions\/agent-sessions\/prod,session\}/.test(one))).toEqual(
    [],
  );
});

test("an alarm keeps to the service's limits", () => {
  for (const { name, evaluationPeriods, metricQueries } of alarms) {
    const metrics = metricQueries.flatMap(({ metric }) => metric ?? []);
    expect([name, name.length <= 255, metrics.length <= 10, metricQueries.filter(({ returnData }) => returnData).length]).toEqual([
      name,
      true,
      true,
      1,
    ]);
    const ids = metricQueries.map(({ id }) => id);
    expect([name, new Set(ids).size, ids.every((id) => /^[a-z][a-zA-Z0-9_]*$/.test(id))]).toEqual([name, ids.length, true]);
    for (const { period, dimensions } of metrics) {
      // Periods times their length may be a day at most.
      expect([name, period % 60, period * evaluationPeriods <= 86_400, Object.keys(dimensions).length <= 30]).toEqual([
        name,
        0,
        true,
        true,
      ]);
    }
  }
});

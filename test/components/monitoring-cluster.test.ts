import { expect, test } from "vitest";
import { alerts } from "../../components/monitoring/alerts.ts";
import { notInClusters, toClusterRules } from "../../components/monitoring/cluster-rules.ts";
import { Monitoring, rulesFile } from "../../components/monitoring/kubernetes.ts";
import { onCluster } from "../support/cluster.ts";
import { record } from "../support/record.ts";

const labels = { stack: "agent-sessions/test", strategy: "kubernetes" };
const rules = toClusterRules({ namespace: "agent-sessions-test", labels });
const all = rules.groups.flatMap((group) => group.rules);
const recording = all.flatMap((rule) => ("record" in rule ? [rule] : []));
const alerting = all.flatMap((rule) => ("alert" in rule ? [rule] : []));

test("a cluster has every alert, but for those that nothing there measures, each with its reason", () => {
  const names = alerts.map(({ name }) => name);
  expect(Object.keys(notInClusters).filter((name) => !names.includes(name))).toEqual([]);
  expect(alerting.map(({ alert }) => alert).sort()).toEqual(names.filter((name) => !Object.hasOwn(notInClusters, name)).sort());
});

test("what alerts ask for is recorded before, with its session, and of this stack alone", () => {
  expect(rules.groups.map(({ name }) => name)).toEqual(["agent-sessions-records", "agent-sessions-session", "agent-sessions-stack"]);
  const asked = new Set(alerting.flatMap(({ expr }) => expr.match(/agent_sessions_\w+/g) ?? []));
  expect([...asked].sort()).toEqual([...new Set(recording.map(({ record }) => record))].sort());
  for (const { record, expr, labels: own } of recording) {
    expect([record, own]).toEqual([record, labels]);
    expect(expr).toContain('"session", "$1"');
    // Whatever the cluster has of others is left alone.
    expect([record, expr.match(/\w\{[^}]*\}/g)?.filter((matchers) => !matchers.includes('namespace="agent-sessions-test"'))]).toEqual([
      record,
      [],
    ]);
  }
  for (const { alert, expr, labels: own } of alerting) {
    expect([alert, own]).toEqual([alert, { severity: own.severity, ...labels }]);
    for (const [, matchers] of expr.matchAll(/agent_sessions_\w+(\{[^}]*\})?/g))
      expect([alert, matchers]).toEqual([alert, expect.stringContaining('stack="agent-sessions/test",strategy="kubernetes"')]);
  }
});

const recorded = (form?: "operator" | "configmap") =>
  record(
    () =>
      new Monitoring(
        "monitoring",
        { project: "agent-sessions", stack: "test", strategy: "kubernetes", ...(form !== undefined && { form }) },
        onCluster(),
      ),
  );

const metadata = {
  name: "agent-sessions-test-alerts",
  namespace: "agent-sessions-test",
  labels: { "agent-sessions/project": "agent-sessions", "agent-sessions/stack": "test" },
};

test("the rules are a file for whoever mounts it, or an object of Prometheus Operator", async () => {
  const file = (await recorded()).one("ConfigMap").inputs as { metadata: object; data: Record<string, string> };
  expect(file).toMatchObject({ metadata });
  expect(JSON.parse(file.data[rulesFile] ?? "")).toEqual(rules);
  const { one, of } = await recorded("operator");
  expect(one("PrometheusRule").inputs).toMatchObject({
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata,
    spec: rules,
  });
  expect(of("ConfigMap")).toEqual([]);
});

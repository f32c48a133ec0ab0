import { beforeAll, expect, test } from "vitest";
import { alerts } from "../../components/monitoring/alerts.ts";
import { notInClusters, toClusterRules } from "../../components/monitoring/cluster-rules.ts";
import { missing } from "../support/missing.ts";
import { type PrometheusTool, prometheusTools } from "../support/prometheus-tools.ts";
import { liveEngine } from "./rig.ts";

/** The rules of a cluster by Prometheus's own tool, over figures as kubelets and kube-state-metrics have them. */

const labels = { stack: "p/s", strategy: "kubernetes" };
const rules = toClusterRules({ namespace: "agents", labels });

/** Series of one session for half an hour, in steps of ten seconds, as they are with a value of the odd figure. */
type Series = (odd: boolean, session: string) => readonly (readonly [series: string, values: string])[];

const pod = (session: string) => `namespace="agents",pod="claude-agent-${session}-0",container="session"`;
const constant = (value: number) => `${value}x200`;
const growing = (each: number) => `0+${each}x200`;
const limit = (session: string, resource: string, value: number) =>
  [`kube_pod_container_resource_limits{${pod(session)},resource="${resource}",node="n"}`, constant(value)] as const;
const claim = (metric: string, session: string, place: string, value: number) =>
  [`${metric}{namespace="agents",persistentvolumeclaim="claude-agent-${session}-${place}",node="n"}`, constant(value)] as const;

const cases: Readonly<Record<string, Series>> = {
  SessionMemoryHigh: (odd, session) => [
    [`container_memory_working_set_bytes{${pod(session)},id="/x"}`, constant(odd ? 91 : 90)],
    limit(session, "memory", 100),
  ],
  SessionCpuHigh: (odd, session) => [
    [`container_cpu_usage_seconds_total{${pod(session)},cpu="total"}`, growing(odd ? 19.6 : 19)],
    limit(session, "cpu", 2),
  ],
  SessionDiskHigh: (odd, session) => [
    claim("kubelet_volume_stats_used_bytes", session, "workspace", odd ? 85 : 84),
    claim("kubelet_volume_stats_used_bytes", session, "session", 6),
    claim("kubelet_volume_stats_capacity_bytes", session, "workspace", 90),
    claim("kubelet_volume_stats_capacity_bytes", session, "session", 10),
  ],
  SessionLogsHigh: (odd, session) => [
    claim("kubelet_volume_stats_used_bytes", session, "logs", odd ? 600 * 1024 ** 2 + 1 : 600 * 1024 ** 2),
    claim("kubelet_volume_stats_capacity_bytes", session, "logs", 1024 ** 3),
    claim("kubelet_volume_stats_used_bytes", session, "workspace", 1024 ** 3),
  ],
  SessionOutOfMemory: (odd, session) => [
    [`kube_pod_container_status_restarts_total{${pod(session)},uid="1"}`, "0x170 1x30"],
    [`kube_pod_container_status_last_terminated_reason{${pod(session)},reason="OOMKilled",uid="1"}`, odd ? "0x170 1x30" : constant(0)],
    [`container_oom_events_total{${pod(session)},id="/x"}`, constant(0)],
  ],
  SessionUnhealthy: (odd, session) => [
    [`kube_pod_container_status_ready{${pod(session)},uid="1"}`, constant(odd ? 0 : 1)],
    [`kube_pod_container_status_running{${pod(session)},uid="1"}`, constant(1)],
    [`kube_pod_container_state_started{${pod(session)},uid="1"}`, constant(0)],
  ],
  SessionRestartLoop: (odd, session) => [
    [`kube_pod_container_status_restarts_total{${pod(session)},uid="1"}`, odd ? "0x150 1x10 2x10 3x30" : "0x150 1x10 2x40"],
  ],
  CredentialProxyDown: (odd, session) => [
    [
      `kube_deployment_status_replicas_available{namespace="agents",deployment="claude-agent-${session}-credential-proxy"}`,
      constant(odd ? 0 : 2),
    ],
  ],
  // A stack whose sessions are all stopped is watched.
  SupervisorDown: (odd, session) =>
    odd ? [] : [[`kube_statefulset_replicas{namespace="agents",statefulset="claude-agent-${session}"}`, constant(0)]],
  Watchdog: () => [],
};

/** A session whose pods are as many as they are at each time. */
const single = (session: string, ready: string, wanted: string, created = 0): readonly (readonly [string, string])[] => {
  const of = (metric: string) => `${metric}{namespace="agents",statefulset="claude-agent-${session}"}`;
  return [
    [of("kube_statefulset_status_replicas_ready"), ready],
    [of("kube_statefulset_replicas"), wanted],
    [of("kube_statefulset_created"), constant(created)],
  ];
};

const pool = (session: string, ready: string, wanted: string): readonly (readonly [string, string])[] => {
  const of = (metric: string) => `${metric}{namespace="agents",deployment="claude-agent-${session}"}`;
  return [
    [of("kube_deployment_status_replicas_available"), ready],
    [of("kube_deployment_spec_replicas"), wanted],
    [of("kube_deployment_created"), constant(0)],
  ];
};

/** Sessions of which no pod is there, or too few, half an hour on; and those that are as they were told to be. */
const absent = {
  "is not there": single("x", constant(0), constant(1)),
  "was there until its node was lost": single("x", "1x100 0x100", constant(1)),
  "is too few": pool("x", constant(2), constant(3)),
} as const;
const present = {
  "is there": single("x", constant(1), constant(1)),
  "is stopped": single("x", constant(0), constant(0)),
  "was started a moment ago": single("x", constant(0), "0x180 1x20"),
  "was described a moment ago": single("x", "_x180 0x20", "_x180 1x20", 1800),
  "was away for a moment": single("x", "1x185 0x15", constant(1)),
  "is being scaled": pool("x", "2x180 2x20", "2x180 4x20"),
  "is a proxy, which has an alert of its own": pool("x-credential-proxy", constant(0), constant(1)),
} as const;

let tool: PrometheusTool | undefined;
beforeAll(async () => {
  tool = await prometheusTools(await liveEngine());
  if (tool === undefined) missing("neither promtool and amtool nor an engine to run them in is here");
}, 300_000);

test("every alert that a cluster has is tried", () => {
  const there = alerts.map(({ name }) => name).filter((name) => !Object.hasOwn(notInClusters, name));
  expect(Object.keys(cases).sort()).toEqual(there.sort());
});

/** Which sessions an alert is about half an hour on. */
async function raised(name: string, series: readonly (readonly [string, string])[]): Promise<string> {
  const tests = [
    {
      interval: "10s",
      input_series: series.map(([one, values]) => ({ series: one, values })),
      promql_expr_test: [],
      // The tool says of what was not expected what it was.
      alert_rule_test: [{ eval_time: "1900s", alertname: name, exp_alerts: [{ exp_labels: { alertname: "expected" } }] }],
    },
  ];
  const files = { "rules.json": JSON.stringify(rules), "test.json": JSON.stringify({ rule_files: ["rules.json"], tests }) };
  const { output } = (await tool?.("promtool", ["test", "rules", "test.json"], files)) ?? { output: "" };
  return output.slice(output.indexOf("got:"));
}

test.for(Object.keys(cases))("%s is raised for the session that it is about, and names its stack", async (name, { skip }) => {
  if (tool === undefined) return skip();
  const of = cases[name] as Series;
  const got = await raised(name, [...of(true, "a-0-b"), ...of(false, "calm")]);
  const session = alerts.find((one) => one.name === name)?.of === "session";
  if (name === "SupervisorDown")
    return expect([got.includes(name), (await raised(name, of(true, "x"))).includes(`alertname="${name}"`)]).toEqual([false, true]);
  expect(got).toContain(`alertname="${name}"`);
  expect(got).toContain('stack="p/s", strategy="kubernetes"');
  expect(got).not.toContain("calm");
  if (session) expect(got).toContain('session="a-0-b"');
});

test.for(Object.keys(absent))("a session whose pod %s is not well, once", async (name, { skip }) => {
  if (tool === undefined) return skip();
  const got = await raised("SessionUnhealthy", absent[name as keyof typeof absent]);
  expect(got.match(/alertname="SessionUnhealthy"/g)).toHaveLength(1);
  expect(got).toContain('session="x"');
});

test.for(Object.keys(present))("a session whose pod %s raises nothing", async (name, { skip }) => {
  if (tool === undefined) return skip();
  const got = await raised("SessionUnhealthy", present[name as keyof typeof present]);
  expect(got).toBe("got:[]");
});

test("a file system that others use as well says nothing of a session's logs", async ({ skip }) => {
  if (tool === undefined) return skip();
  const shared = (metric: string, gibibytes: number) => claim(metric, "x", "logs", gibibytes * 1024 ** 3);
  const series = [shared("kubelet_volume_stats_used_bytes", 40), shared("kubelet_volume_stats_capacity_bytes", 100)];
  expect(await raised("SessionLogsHigh", series)).toBe("got:[]");
});

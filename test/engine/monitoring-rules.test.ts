import { beforeAll, describe, expect, test } from "vitest";
import { toAlertmanagerConfig } from "../../components/monitoring/alertmanager.ts";
import { alerts } from "../../components/monitoring/alerts.ts";
import { toPrometheusConfig } from "../../components/monitoring/prometheus.ts";
import { toRuleGroups } from "../../components/monitoring/prometheus-rules.ts";
import { missing } from "../support/missing.ts";
import { type PrometheusTool, prometheusTools } from "../support/prometheus-tools.ts";
import { secret } from "../support/secret.ts";
import { liveEngine } from "./rig.ts";

/** The rules by Prometheus's own tool: each is raised above its threshold and not at it, and ends. */

/** Steps of a series: for five minutes as usual, then a little longer as it should not be, then for eleven as usual. */
const [usual, odd, after] = [30, 33, 66];
/** Seconds. */
const step = 10;

/** What a series is in its usual time and in the odd one: values, or of a counter by how much it grows at each step. */
interface Sample {
  readonly series: string;
  readonly usual: number;
  readonly odd: number | "stale";
  readonly counter?: true;
}

interface Case {
  /** Raises the alert. */
  readonly loud: readonly Sample[];
  /** Just does not. */
  readonly calm: readonly Sample[];
  /** What people read. */
  readonly summary: string;
}

const gauge = (metric: string, usual: number, odd: Sample["odd"], labels = ""): Sample => ({ series: `${metric}|${labels}`, usual, odd });
const counter = (metric: string, usual: number, odd: number, labels = ""): Sample => ({
  ...gauge(metric, usual, odd, labels),
  counter: true,
});
const state = (name: string, odd: number) => gauge("agent_sessions_session_state", 0, odd, `state="${name}"`);
const bucket = (le: string, each: number) => counter("agent_sessions_credential_request_seconds_bucket", 100, each, `le="${le}"`);
const answers = (code: string, usual: number, odd: number) =>
  counter("agent_sessions_credential_requests_total", usual, odd, `code="${code}"`);
const awaited = (le: string, each: number) =>
  counter("agent_sessions_gateway_request_seconds_bucket", 100, each, `service="grafana",le="${le}"`);
const entered = (code: string, usual: number, odd: number) =>
  counter("agent_sessions_gateway_requests_total", usual, odd, `service="grafana",code="${code}"`);
const disk = (place: string, usual: number, odd: number) => gauge("agent_sessions_disk_bytes", usual, odd, `place="${place}"`);
const denied = (odd: number) => counter("agent_sessions_egress_requests_total", 0, odd, 'verdict="denied"');
const allowed = counter("agent_sessions_egress_requests_total", 100, 100, 'verdict="allowed"');
const fixed = (metric: string, value: number) => gauge(metric, value, value);
const supervisor = (name: string) => `job="supervisor",instance="${name}:9464"`;
const up = (odd: number, name = "one") => gauge("up", 1, odd, supervisor(name));
/** When it last looked, as a clock has it: with 0 it stands still. */
const looked = (odd: number | "stale", name = "one"): Sample => ({
  ...gauge("agent_sessions_collection_timestamp_seconds", step, odd, supervisor(name)),
  counter: true,
});
const failed = (odd: number | "stale", name = "one") => gauge("agent_sessions_collection_failed", 0, odd, supervisor(name));

const cases: Readonly<Record<string, Case>> = {
  SessionMemoryHigh: {
    loud: [gauge("agent_sessions_memory_bytes", 50, 91), fixed("agent_sessions_memory_limit_bytes", 100)],
    calm: [gauge("agent_sessions_memory_bytes", 50, 90), fixed("agent_sessions_memory_limit_bytes", 100)],
    summary: "Session loud uses 91% of its memory",
  },
  SessionCpuHigh: {
    loud: [gauge("agent_sessions_cpu_ratio", 0.1, 0.96)],
    calm: [gauge("agent_sessions_cpu_ratio", 0.1, 0.95)],
    summary: "Session loud uses 96% of its CPU",
  },
  SessionDiskHigh: {
    loud: [disk("workspace", 10, 60), disk("session", 10, 31), disk("logs", 50, 50), fixed("agent_sessions_disk_limit_bytes", 100)],
    calm: [disk("workspace", 10, 60), disk("session", 10, 30), disk("logs", 50, 50), fixed("agent_sessions_disk_limit_bytes", 100)],
    summary: "Session loud has filled 91% of its disk",
  },
  SessionLogsHigh: {
    loud: [disk("logs", 10, 600 * 1024 ** 2 + 1), disk("workspace", 10, 10)],
    calm: [disk("logs", 10, 600 * 1024 ** 2), disk("workspace", 10, 1024 ** 3)],
    summary: "Session loud holds 600MiB in /logs",
  },
  SessionOutOfMemory: {
    loud: [counter("agent_sessions_oom_kills_total", 0, 1 / odd)],
    calm: [counter("agent_sessions_oom_kills_total", 0, 0)],
    summary: "Session loud ran out of memory",
  },
  SessionUnhealthy: {
    loud: [state("unhealthy", 1), state("failed", 0), state("healthy", 0)],
    calm: [state("unhealthy", 0), state("failed", 0), state("healthy", 1), state("key refused", 1), state("stopped", 1)],
    summary: "Session loud is not well",
  },
  SessionFailed: {
    loud: [state("failed", 1), state("unhealthy", 0)],
    calm: [state("failed", 0), state("unhealthy", 1), state("stopped", 1)],
    summary: "Session loud has failed and stays so",
  },
  SessionRestartLoop: {
    loud: [counter("agent_sessions_restarts_total", 0, 3 / odd)],
    calm: [counter("agent_sessions_restarts_total", 0, 2 / odd)],
    summary: "Session loud was started again 3 times in ten minutes",
  },
  EgressDeniedBurst: {
    loud: [denied(4), allowed],
    calm: [denied(3), allowed],
    summary: "Session loud was refused 24 requests to hosts in a minute",
  },
  CredentialRefused: {
    loud: [state("key refused", 1)],
    calm: [state("key refused", 0), state("failed", 1)],
    summary: "Session loud holds a key that is refused",
  },
  CredentialProxyErrors: {
    loud: [answers("2xx", 100, 90), answers("4xx", 0, 0), answers("5xx", 0, 10)],
    calm: [answers("2xx", 100, 56), answers("4xx", 0, 40), answers("5xx", 0, 4)],
    summary: "Session loud sees 10% of its requests to the model fail",
  },
  CredentialProxySlow: {
    loud: [bucket("2", 90), bucket("5", 100), bucket("+Inf", 100)],
    calm: [bucket("2", 96), bucket("5", 100), bucket("+Inf", 100)],
    summary: "Session loud waits 3.5s for the model to begin an answer",
  },
  CredentialProxyDown: {
    loud: [gauge("agent_sessions_credential_proxy_up", 1, 0)],
    calm: [fixed("agent_sessions_credential_proxy_up", 1)],
    summary: "Session loud has no way to the model",
  },
  GatewayErrors: {
    loud: [entered("2xx", 100, 90), entered("3xx", 0, 0), entered("4xx", 0, 0), entered("5xx", 0, 10)],
    calm: [entered("2xx", 100, 56), entered("3xx", 0, 20), entered("4xx", 0, 20), entered("5xx", 0, 4)],
    summary: "10% of the requests to grafana by way of the gateway fail",
  },
  GatewaySlow: {
    loud: [awaited("2", 90), awaited("5", 100), awaited("+Inf", 100)],
    calm: [awaited("2", 96), awaited("5", 100), awaited("+Inf", 100)],
    summary: "grafana takes 3.5s to answer by way of the gateway",
  },
  GatewayDown: {
    loud: [gauge("agent_sessions_gateway_up", 1, 0)],
    calm: [fixed("agent_sessions_gateway_up", 1)],
    summary: "The gateway is down",
  },
  NodeDiskHigh: {
    loud: [gauge("agent_sessions_node_disk_free_bytes", 50, 14), fixed("agent_sessions_node_disk_bytes", 100)],
    calm: [gauge("agent_sessions_node_disk_free_bytes", 50, 16), fixed("agent_sessions_node_disk_bytes", 100)],
    summary: "The file system of the engine is 86% full",
  },
  CleanupFailed: {
    loud: [gauge("agent_sessions_cleanup_failed", 0, 1)],
    calm: [fixed("agent_sessions_cleanup_failed", 0)],
    summary: "The last clean-up failed",
  },
  // The clock of these tests begins at zero; what was due then is late by now.
  CleanupOverdue: {
    loud: [gauge("agent_sessions_cleanup_next_run_timestamp_seconds", 0, -6601)],
    calm: [gauge("agent_sessions_cleanup_next_run_timestamp_seconds", 0, -6600)],
    summary: "Clean-up is 2h 0m 1s late",
  },
  SupervisorDown: {
    loud: [up(0), looked("stale"), failed("stale")],
    calm: [up(1, "two"), looked(step, "two"), failed(0, "two")],
    summary: "Nobody watches the sessions",
  },
};

/** Other ways to the same alert. */
const others: readonly (Case & { readonly name: string })[] = [
  { ...(cases.SupervisorDown as Case), name: "SupervisorDown", loud: [up(1), looked(step), failed(1)] },
  { ...(cases.SupervisorDown as Case), name: "SupervisorDown", loud: [up(1), looked(0), failed(0)] },
];

const rules = toRuleGroups();

function valuesOf(sample: Sample): string {
  const steps = [...Array(usual).fill(sample.usual), ...Array(odd).fill(sample.odd), ...Array(after).fill(sample.usual)] as Sample["odd"][];
  if (!sample.counter) return steps.join(" ");
  let total = 0;
  const isClock = sample.usual === step;
  return steps
    .map((value, index) => {
      if (value === "stale") return value;
      // A clock that stood still is set.
      total = isClock && index === usual + odd ? step * index : total + value;
      return total;
    })
    .join(" ");
}

function seriesOf(samples: readonly Sample[], labels: string) {
  return samples.map((sample) => {
    const [metric, own] = sample.series.split("|");
    return { series: `${metric}{${[own, labels].filter((part) => part !== "").join(",")}}`, values: valuesOf(sample) };
  });
}

function ruleTest(name: string, { loud, calm, summary }: Case) {
  const alert = alerts.find((one) => one.name === name);
  const rule = rules.groups.flatMap((group) => group.rules).find((one) => one.alert === name);
  if (alert === undefined || rule === undefined) throw new Error(`there is no alert ${name}`);
  const labelsOf = (who: string): Record<string, string> =>
    alert.of === "session" ? { session: who, stack: "p/s", strategy: "single-node" } : { stack: `p/${who}`, strategy: "single-node" };
  const text = (labels: Record<string, string>) =>
    Object.entries(labels)
      .map(([label, value]) => `${label}="${value}"`)
      .join(",");
  const own = [...new Set(loud.flatMap(({ series }) => [...(series.split("|")[1] ?? "").matchAll(/(job|instance|service)="([^"]*)"/g)]))];
  const expected = {
    exp_labels: { severity: alert.severity, ...labelsOf("loud"), ...Object.fromEntries(own.map(([, label, value]) => [label, value])) },
    exp_annotations: { ...rule.annotations, summary },
  };
  const at = (seconds: number, raised: boolean) => ({ eval_time: `${seconds}s`, alertname: name, exp_alerts: raised ? [expected] : [] });
  return {
    interval: `${step}s`,
    input_series: [...seriesOf(loud, text(labelsOf("loud"))), ...seriesOf(calm, text(labelsOf("calm")))],
    alert_rule_test: [
      at(usual * step - step, false),
      // What is counted over five minutes is odd alone.
      at((usual + odd) * step - step, true),
      at((usual + odd + after) * step - step, false),
    ],
  };
}

let tool: PrometheusTool | undefined;
beforeAll(async () => {
  tool = await prometheusTools(await liveEngine());
  if (tool === undefined) missing("neither promtool and amtool nor an engine to run them in is here");
}, 300_000);

describe("the configurations", () => {
  const routes = {
    email: {
      to: "team@corp.test, other@corp.test",
      from: "alerts@corp.test",
      smarthost: "mail.corp.test:587",
      login: { username: "alerts", password: secret("env MAIL", "password") },
    },
    slack: { webhook: secret("env SLACK", "https://hooks.test/x"), channel: "#alerts" },
    webhook: { url: "https://hook.corp.test/x", token: secret("env HOOK", "token") },
    heartbeat: { url: "https://beat.corp.test/" },
  };

  test.each([
    ["every route", routes, 2],
    ["none", {}, 2],
  ])("amtool takes Alertmanager's with %s", async (_, given, receivers) => {
    if (tool === undefined) return;
    const { code, output } = await tool("amtool", ["check-config", "config.json"], {
      "config.json": JSON.stringify(toAlertmanagerConfig(given)),
    });
    expect(output).toMatch(new RegExp(`SUCCESS[\\s\\S]* ${receivers} receivers`));
    expect(code).toBe(0);
  });

  test("promtool takes Prometheus's", async ({ skip }) => {
    if (tool === undefined) return skip();
    const config = toPrometheusConfig({
      project: "p",
      stack: "s",
      strategy: "single-node",
      metrics: { host: "supervisor", port: 9464, path: "/metrics" },
      images: { prometheus: "", alertmanager: "" },
    });
    const files = { "prometheus.json": JSON.stringify({ ...config, rule_files: ["rules.json"] }), "rules.json": JSON.stringify(rules) };
    const { code, output } = await tool("promtool", ["check", "config", "prometheus.json"], files);
    expect(output).toContain("prometheus.json is valid prometheus config file syntax");
    expect(code).toBe(0);
  });
});

describe("the rules", () => {
  const promtool = async (args: readonly string[], tests?: object) => {
    const files = { "rules.json": JSON.stringify(rules), ...(tests !== undefined && { "tests.json": JSON.stringify(tests) }) };
    return tool?.("promtool", args, files);
  };

  test("have the form that Prometheus reads", async ({ skip }) => {
    if (tool === undefined) return skip();
    expect(await promtool(["check", "rules", "rules.json"])).toEqual({
      code: 0,
      output: expect.stringContaining(`SUCCESS: ${alerts.length} rules found`),
    });
  });

  test("each has a case here", () => {
    expect(Object.keys(cases).sort()).toEqual(
      alerts
        .map(({ name }) => name)
        .filter((name) => name !== "Watchdog")
        .sort(),
    );
  });

  test("each is raised above its threshold, not at it, and ends", async ({ skip }) => {
    if (tool === undefined) return skip();
    const tests = [...Object.entries(cases), ...others.map((one) => [one.name, one] as const)].map(([name, one]) => ruleTest(name, one));
    const watchdog = {
      interval: "10s",
      input_series: [],
      alert_rule_test: ["0s", "1d"].map((eval_time) => ({
        eval_time,
        alertname: "Watchdog",
        exp_alerts: [
          {
            exp_labels: { severity: "none" },
            exp_annotations: rules.groups.flatMap((group) => group.rules).find(({ alert }) => alert === "Watchdog")?.annotations,
          },
        ],
      })),
    };
    const { code, output } = (await promtool(["test", "rules", "tests.json"], {
      rule_files: ["rules.json"],
      evaluation_interval: "30s",
      tests: [...tests, watchdog],
    })) ?? { code: -1, output: "" };
    expect(output).toBe("Unit Testing:  tests.json\n  SUCCESS");
    expect(code).toBe(0);
  });
});

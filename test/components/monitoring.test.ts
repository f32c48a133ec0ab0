import { describe, expect, test } from "vitest";
import { alertmanager, toAlertmanagerConfig } from "../../components/monitoring/alertmanager.ts";
import type { MonitoringArgs } from "../../components/monitoring/args.ts";
import { dashboards } from "../../components/monitoring/dashboards.ts";
import { type DockerMonitoringArgs, Monitoring } from "../../components/monitoring/docker.ts";
import { sessionMetrics, stackMetrics } from "../../components/monitoring/metrics.ts";
import { toPrometheusConfig } from "../../components/monitoring/prometheus.ts";
import { seccompProfile } from "../../components/seccomp/docker.ts";
import { record } from "../support/record.ts";
import { secret } from "../support/secret.ts";

/** What Prometheus, Alertmanager and Grafana are given. */

const args: MonitoringArgs = {
  project: "agent-sessions",
  stack: "test",
  strategy: "single-node",
  metrics: { host: "supervisor", port: 9464, path: "/metrics" },
  images: { prometheus: "sha256:p", alertmanager: "sha256:a" },
};
const onDocker: DockerMonitoringArgs = { ...args, network: { name: "agent-sessions-test-monitoring", resources: [] } };
const routes = {
  email: {
    to: "team@corp.test",
    from: "alerts@corp.test",
    smarthost: "mail.corp.test:587",
    login: { username: "alerts", password: secret("env MAIL", "mail-password") },
  },
  slack: { webhook: secret("file /slack", "https://hooks.test/slack-url"), channel: "#alerts" },
  webhook: { url: "https://hook.corp.test/x", token: secret("env HOOK", "hook-token") },
  heartbeat: { url: "https://beat.corp.test/" },
};
const held = ["mail-password", "slack-url", "hook-token"];

const labels = (kind: string, more: Record<string, string> = {}) =>
  Object.entries({ created_by: "agent-sessions", kind, stack: "agent-sessions/test", ...more })
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([label, value]) => ({ label, value }));

test("Prometheus is all that it may be, and no more", async () => {
  const { of } = await record(() => new Monitoring("monitoring", onDocker));
  expect(of("Container").find(({ name }) => name === "prometheus-container")?.inputs).toEqual({
    name: "agent-sessions-test-prometheus",
    image: "sha256:p",
    hostname: "prometheus",
    user: "65534:65534",
    entrypoints: [
      "prometheus",
      "--config.file=/etc/agent-sessions/prometheus.json",
      "--storage.tsdb.path=/prometheus",
      "--storage.tsdb.retention.time=30d",
      "--web.listen-address=:9090",
      "--rules.alert.resend-delay=20s",
      "--web.cors.origin=none",
    ],
    init: true,
    envs: ["GOMEMLIMIT=966367641B"],
    labels: labels("prometheus", { pids_limit: "128" }),
    readOnly: true,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true", `seccomp=${seccompProfile}`],
    ipcMode: "private",
    memory: 1024,
    memorySwap: 1024,
    cpus: "1.0",
    mounts: [
      { type: "volume", source: "agent-sessions-test-prometheus-data", target: "/prometheus", readOnly: false },
      { type: "volume", source: "agent-sessions-test-prometheus-settings", target: "/etc/agent-sessions", readOnly: true },
    ],
    tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=67108864,mode=1777" },
    networksAdvanced: [{ name: "agent-sessions-test-monitoring", aliases: ["prometheus"] }],
    ports: [{ internal: 9090, external: 9090, ip: "127.0.0.1", protocol: "tcp" }],
    healthcheck: {
      tests: ["CMD", "promtool", "query", "instant", "http://127.0.0.1:9090", "vector(1)"],
      interval: "10s",
      timeout: "10s",
      startPeriod: "2m0s",
      retries: 3,
    },
    restart: "always",
    logDriver: "json-file",
    logOpts: { "max-size": "50m", "max-file": "10" },
    wait: false,
    mustRun: true,
    destroyGraceSeconds: 30,
  });
});

test("Alertmanager alone has a way out, where there is somebody to tell", async () => {
  const networks = async (more: Partial<MonitoringArgs>) => {
    const { of } = await record(
      () => new Monitoring("monitoring", { ...onDocker, images: { ...args.images, grafana: "sha256:g" }, ...more }),
    );
    return {
      made: of("Network").map(({ inputs }) => inputs.name),
      joined: of("Container").flatMap(({ inputs: { name, networksAdvanced = [] } }) =>
        (networksAdvanced as { name: string }[]).map((network) => `${String(name).split("-").at(-1)} in ${network.name.split("-").at(-1)}`),
      ),
    };
  };
  const inside = ["prometheus in monitoring", "alertmanager in monitoring", "grafana in monitoring"];
  expect(await networks({})).toEqual({ made: [], joined: expect.arrayContaining(inside) });
  const { made, joined } = await networks({ routes });
  expect(made).toEqual(["agent-sessions-test-alerts"]);
  expect(joined.toSorted()).toEqual([...inside, "alertmanager in alerts"].toSorted());
});

test("Alertmanager, which asks nobody who they are, is published where somebody says so alone", async () => {
  const published = async (ports?: MonitoringArgs["ports"]) => {
    const { of } = await record(() => new Monitoring("monitoring", { ...onDocker, ...(ports !== undefined && { ports }) }));
    return of("Container").find(({ name }) => name === "alertmanager-container")?.inputs.ports;
  };
  expect(await published()).toBeUndefined();
  expect(await published({ prometheus: 9091 })).toBeUndefined();
  expect(await published({ alertmanager: 9094 })).toEqual([{ internal: 9093, external: 9094, ip: "127.0.0.1", protocol: "tcp" }]);
});

test("behind a gateway they are on the closed network, told where people find them, and those that are published on the other one too", async () => {
  const closed = { name: "agent-sessions-test-closed", resources: [] };
  const more = { url: "https://a.test/", network: closed, publishing: onDocker.network, ports: { grafana: 3001 } };
  const { of } = await record(
    () => new Monitoring("monitoring", { ...onDocker, images: { ...args.images, grafana: "sha256:g" }, ...more }),
  );
  const inputs = (name: string) => of("Container").find((one) => one.name === `${name}-container`)?.inputs ?? {};
  const networks = (name: string) => (inputs(name).networksAdvanced as { name: string }[]).map((network) => network.name);
  expect(networks("prometheus")).toEqual([closed.name]);
  expect(networks("alertmanager")).toEqual([closed.name]);
  expect(networks("grafana")).toEqual([closed.name, onDocker.network.name]);
  expect([inputs("prometheus").ports, inputs("grafana").ports]).toEqual([
    undefined,
    [{ internal: 3000, external: 3001, ip: "127.0.0.1", protocol: "tcp" }],
  ]);
  for (const name of ["prometheus", "alertmanager"])
    expect(inputs(name).entrypoints).toEqual(
      expect.arrayContaining([`--web.external-url=https://a.test/${name}/`, "--web.route-prefix=/"]),
    );
  const ini = of("Container").find(({ name }) => name === "grafana-settings-carrier")?.inputs.uploads as { content: string }[];
  expect(ini.map(({ content }) => content).join()).toContain("root_url = https://a.test/grafana/");
});

test("secrets are in files alone, and authority names them and what is open", async () => {
  const authority: string[] = [];
  const { all, of } = await record(() => {
    const password = secret("env GRAFANA", "grafana-password");
    authority.push(
      ...new Monitoring("monitoring", { ...onDocker, images: { ...args.images, grafana: "sha256:g" }, routes, grafanaPassword: password })
        .authority,
    );
  });
  expect(authority).toEqual([
    "alertmanager: Slack #alerts",
    "alertmanager: email to team@corp.test by mail.corp.test:587",
    "alertmanager: secret env HOOK",
    "alertmanager: secret env MAIL",
    "alertmanager: secret file /slack",
    "alertmanager: webhook at https://beat.corp.test",
    "alertmanager: webhook at https://hook.corp.test",
    "grafana: port 127.0.0.1:3000 to 3000/tcp",
    "grafana: secret env GRAFANA",
    "prometheus: port 127.0.0.1:9090 to 9090/tcp",
  ]);
  const secrets = of("Container").filter(({ name }) => /-(email|slack|webhook|secret)-carrier$/.test(name));
  expect(secrets.map(({ name }) => name).sort()).toEqual([
    "alertmanager-email-carrier",
    "alertmanager-slack-carrier",
    "alertmanager-webhook-carrier",
    "grafana-secret-carrier",
  ]);
  const others = all.filter((one) => !secrets.includes(one));
  const told = JSON.stringify([others.map(({ inputs }) => inputs), authority]);
  expect([...held, "grafana-password"].filter((value) => told.includes(value))).toEqual([]);
});

test("a changed rule or route replaces what reads it, another secret nothing but its carrier", async () => {
  const { of } = await record(() => new Monitoring("monitoring", { ...onDocker, routes }));
  const replaced = (name: string) =>
    of("Container")
      .find((one) => one.name === name)
      ?.replaceWith?.map((urn) => urn.split("::").at(-1))
      .toSorted();
  expect(replaced("prometheus-container")).toEqual(["prometheus-data", "prometheus-settings-carrier"]);
  expect(replaced("alertmanager-container")).toEqual(["alertmanager-data", "alertmanager-settings-carrier", "alerts-network"]);
});

describe("Alertmanager's configuration", () => {
  test("routes alerts to people, and the watchdog to who waits for it", () => {
    const { route, receivers } = toAlertmanagerConfig(routes);
    expect(route).toMatchObject({ receiver: "people", routes: [{ receiver: "heartbeat", matchers: ['alertname="Watchdog"'] }] });
    expect(receivers).toMatchObject([
      {
        name: "people",
        email_configs: [{ to: "team@corp.test", auth_username: "alerts", auth_password_file: "/secret/email/password", require_tls: true }],
        slack_configs: [{ api_url_file: "/secret/slack/url", channel: "#alerts" }],
        webhook_configs: [
          { url: "https://hook.corp.test/x", http_config: { authorization: { credentials_file: "/secret/webhook/token" } } },
        ],
      },
      { name: "heartbeat", webhook_configs: [{ url: "https://beat.corp.test/" }] },
    ]);
    // What is told is told again when it is over.
    const people = receivers[0] as unknown as Record<string, { send_resolved: boolean }[]>;
    for (const way of ["email_configs", "slack_configs", "webhook_configs"]) expect(people[way]?.[0]?.send_resolved).toBe(true);
  });

  test("tells nobody where there is none", () => {
    expect(toAlertmanagerConfig().receivers).toEqual([{ name: "people" }, { name: "heartbeat" }]);
    expect(alertmanager(args).mounts.map(({ target }) => target)).toEqual(["/alertmanager", "/etc/agent-sessions", "/tmp"]);
  });
});

test("an alert is with people within a minute of what it is about", () => {
  const { global } = toPrometheusConfig(args);
  const { route } = toAlertmanagerConfig();
  const seconds = (text: string) => Number(/^(\d+)s$/.exec(text)?.[1]);
  // The supervisor takes its figures every ten seconds, and the longest that memory and CPU must hold is twenty.
  expect(10 + seconds(global.scrape_interval) + seconds(global.evaluation_interval) + 20 + seconds(route.group_wait)).toBeLessThan(60);
});

describe("dashboards", () => {
  const known: readonly string[] = [...sessionMetrics, ...stackMetrics];

  test.each(dashboards().map((dashboard) => [dashboard.title, dashboard] as const))(
    "%s asks for nothing that is not measured",
    (_, { panels }) => {
      const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
      expect(expressions.length).toBeGreaterThan(5);
      const asked = expressions.flatMap((expr) => expr.match(/agent_sessions_\w+/g) ?? []).map((metric) => metric.replace(/_bucket$/, ""));
      expect(asked.filter((metric) => !known.includes(metric))).toEqual([]);
      expect(expressions.filter((expr) => !/agent_sessions_/.test(expr))).toEqual([]);
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    },
  );

  test("show together all that is measured", () => {
    const text = JSON.stringify(dashboards());
    expect(known.filter((metric) => !text.includes(metric))).toEqual([]);
  });
});

test("Grafana is told of every dashboard, lets nobody in who did not sign in, and makes a password for itself", async () => {
  const { of } = await record(() => new Monitoring("monitoring", { ...onDocker, images: { ...args.images, grafana: "sha256:g" } }));
  const uploads = of("Container").find(({ name }) => name === "grafana-settings-carrier")?.inputs.uploads as {
    file: string;
    content: string;
  }[];
  const [ini, ...json] = uploads;
  expect(ini?.content).toContain("[auth.anonymous]\nenabled = false\n");
  expect(ini?.content).toContain("\nadmin_password = $__file{/var/lib/grafana/admin-password}\n");
  expect(uploads.map(({ file }) => file.replace("/etc/agent-sessions/", ""))).toEqual([
    "grafana.ini",
    "datasources/prometheus.yaml",
    "dashboards/agent-sessions.yaml",
    ...dashboards().map(({ uid }) => `dashboards/${uid}.json`),
  ]);
  for (const { content } of json) expect(() => JSON.parse(content)).not.toThrow();
});

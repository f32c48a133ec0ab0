import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import * as docker from "@pulumi/docker";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dashboards } from "../../components/monitoring/dashboards.ts";
import { type DockerMonitoringArgs, Monitoring } from "../../components/monitoring/docker.ts";
import { sessionMetrics, stackMetrics } from "../../components/monitoring/metrics.ts";
import { secret } from "../support/secret.ts";
import { ownAddress } from "../support/own-address.ts";
import { monitoringImage } from "../support/prometheus-tools.ts";
import { freePorts, liveEngine, Rig, until } from "../engine/rig.ts";

/** Prometheus and Alertmanager themselves, told by a server that says what a supervisor would. */

const engine = await liveEngine();

/** What a receiver is told of an alert. */
interface Told {
  readonly status: "firing" | "resolved";
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

describe.skipIf(engine === undefined)("monitoring", () => {
  const rig = new Rig(engine!, "monitored");
  const network = { name: "agent-sessions-monitored-monitoring", resources: [] as docker.Network[] };
  /** Of the session `one`, by metric and labels. */
  const figures = new Map<string, number>();
  const told: Told[] = [];
  const tokens = new Set<string | undefined>();
  let beats = 0;
  let supervisor: Server;
  let receiver: Server;
  let ports: Record<"prometheus" | "alertmanager", number>;
  let image: string;

  const figure = (metric: string, value: number, labels = "") => void figures.set(`${metric}{session="one"${labels}`, value);
  const refuse = (refused: boolean) => figure("agent_sessions_session_state", refused ? 1 : 0, ',state="key refused"');
  const portOf = (server: Server) => (server.address() as AddressInfo).port;
  const heard = (name: string, status: Told["status"]) => told.find(({ labels, status: is }) => labels.alertname === name && is === status);
  const inspect = (name: string) => rig.docker.getContainer(`agent-sessions-monitored-${name}`).inspect();

  const deploy = (more: Partial<DockerMonitoringArgs> = {}) =>
    rig.deploy(({ project, stack }, opts) => {
      const made = new docker.Network(
        "network",
        { name: network.name, options: { "com.docker.network.bridge.enable_ip_masquerade": "false" } },
        opts,
      );
      const hook = `http://${ownAddress()}:${portOf(receiver)}`;
      new Monitoring(
        "monitoring",
        {
          project,
          stack,
          strategy: "single-node",
          metrics: { host: ownAddress(), port: portOf(supervisor), path: "/metrics" },
          images: { prometheus: image, alertmanager: image },
          ports,
          routes: {
            webhook: { url: `${hook}/alerts`, token: secret("env HOOK", "token-of-the-hook") },
            heartbeat: { url: `${hook}/beat` },
          },
          network: { name: network.name, resources: [made] },
          ...more,
        },
        opts,
      );
    });

  const ask = async (expr: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> => {
    const response = await fetch(`http://127.0.0.1:${ports.prometheus}/api/v1/query?query=${encodeURIComponent(expr)}`);
    const { data, error } = (await response.json()) as { data?: { result: never[] }; error?: string };
    if (data === undefined) throw new Error(`${expr}: ${error}`);
    return data.result;
  };
  const healthy = (name: string) => until(async () => (await inspect(name)).State.Health?.Status === "healthy", 90, `a healthy ${name}`);

  beforeAll(async () => {
    image = await monitoringImage(engine!);
    for (const metric of sessionMetrics) figure(metric, 1);
    for (const [metric, label, values] of [
      ["agent_sessions_session_state", "state", ["healthy", "unhealthy", "failed", "key refused"]],
      ["agent_sessions_disk_bytes", "place", ["container", "workspace", "session", "logs"]],
      ["agent_sessions_egress_requests_total", "verdict", ["allowed", "denied"]],
      ["agent_sessions_credential_requests_total", "code", ["2xx", "4xx", "5xx"]],
    ] as const) {
      figures.delete(`${metric}{session="one"`);
      for (const value of values) figure(metric, value === "healthy" || metric.endsWith("bytes") ? 1 : 0, `,${label}="${value}"`);
    }
    figures.delete('agent_sessions_credential_request_seconds{session="one"');
    for (const le of ["2", "+Inf"]) figure("agent_sessions_credential_request_seconds_bucket", 1, `,le="${le}"`);
    refuse(true);
    figure("agent_sessions_memory_limit_bytes", 100);
    figure("agent_sessions_disk_limit_bytes", 100);
    for (const metric of ["agent_sessions_cpu_ratio", "agent_sessions_oom_kills_total", "agent_sessions_restarts_total"]) figure(metric, 0);
    for (const metric of stackMetrics) figures.set(`${metric}{x=""`, metric.endsWith("failed") ? 0 : 1);
    for (const code of ["2xx", "5xx"]) figures.set(`agent_sessions_gateway_requests_total{service="grafana",code="${code}"`, 0);
    supervisor = createServer((_, response) => {
      figures.set('agent_sessions_collection_timestamp_seconds{x=""', Date.now() / 1000);
      // Answers go on being given.
      for (const le of ["2", "+Inf"]) figure("agent_sessions_credential_request_seconds_bucket", Date.now() / 1000, `,le="${le}"`);
      figure("agent_sessions_credential_requests_total", Date.now() / 1000, ',code="2xx"');
      figures.set('agent_sessions_gateway_requests_total{service="grafana",code="2xx"', Date.now() / 1000);
      for (const le of ["2", "+Inf"])
        figures.set(`agent_sessions_gateway_request_seconds_bucket{service="grafana",le="${le}"`, Date.now() / 1000);
      response.end(
        [...figures].map(([series, value]) => `${series},stack="agent-sessions/monitored",strategy="single-node"} ${value}\n`).join(""),
      );
    }).listen(0);
    receiver = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      if (request.url === "/beat") beats++;
      else {
        tokens.add(request.headers.authorization);
        told.push(...(JSON.parse(Buffer.concat(chunks).toString("utf8")) as { alerts: Told[] }).alerts);
      }
      response.end();
    }).listen(0);
    await Promise.all([once(supervisor, "listening"), once(receiver, "listening")]);
    const [prometheus = 0, alertmanager = 0] = await freePorts(2);
    ports = { prometheus, alertmanager };
    expect((await deploy()).failures).toEqual([]);
    await until(async () => (await ask("agent_sessions_memory_bytes").catch(() => [])).length > 0, 60, "the first figures");
  }, 300_000);

  afterAll(async () => {
    await rig.dispose();
    supervisor.close();
    receiver.close();
  }, 120_000);

  test("the receiver is told of an alert, whose it is and what to do, and that it is over", async () => {
    const alert = await until(async () => heard("CredentialRefused", "firing"), 60, "the alert");
    expect(alert.labels).toMatchObject({
      session: "one",
      stack: "agent-sessions/monitored",
      strategy: "single-node",
      severity: "critical",
    });
    expect(alert.annotations).toMatchObject({
      summary: "Session one holds a key that is refused",
      runbook: "components/monitoring/README.md#credentialrefused",
    });
    expect([...tokens]).toEqual(["Bearer token-of-the-hook"]);
    refuse(false);
    await until(async () => heard("CredentialRefused", "resolved"), 60, "that it is over");
  });

  test("the watchdog goes to who waits for it, and to nobody else", async () => {
    await until(async () => beats > 0, 60, "a heartbeat");
    expect(told.filter(({ labels }) => labels.alertname === "Watchdog")).toEqual([]);
    expect((await ask('ALERTS{alertname="Watchdog"}')).length).toBe(1);
  });

  test("every panel's expression is understood, and has data", async () => {
    const expressions = dashboards().flatMap(({ title, panels }) =>
      panels.flatMap(({ targets }) =>
        targets.map(({ expr }) => [title, expr.replaceAll("$stack", ".*").replaceAll("$session", "one")] as const),
      ),
    );
    for (const [title, expr] of expressions) await until(async () => (await ask(expr)).length > 0, 60, `an answer on ${title} to ${expr}`);
  });

  test("nobody ends, configures or writes to Prometheus over the network, and secrets are on none of their pages", async () => {
    const url = `http://127.0.0.1:${ports.prometheus}`;
    const status = async (path: string, method = "POST") => (await fetch(`${url}${path}`, { method })).status;
    expect(await status("/-/quit")).toBe(403);
    expect(await status("/-/reload")).toBe(403);
    expect(await status("/api/v1/admin/tsdb/delete_series?match[]=up")).not.toBe(204);
    expect(await status("/api/v1/write")).not.toBe(204);
    const asked = await fetch(`${url}/api/v1/labels`, { headers: { origin: "https://page.test" } });
    expect([asked.status, asked.headers.get("access-control-allow-origin")]).toEqual([200, null]);
    const pages = [`${url}/api/v1/status/config`, `http://127.0.0.1:${ports.alertmanager}/api/v2/status`];
    for (const page of pages) expect(await (await fetch(page)).text()).not.toContain("token-of-the-hook");
  });

  test("their health checks hold", async () => {
    await Promise.all([healthy("prometheus"), healthy("alertmanager")]);
  });

  test("a changed configuration replaces what reads it, and both come back with what they had", async () => {
    const first = (await ask("min_over_time(timestamp(agent_sessions_memory_bytes)[1h:10s])"))[0]?.value[1];
    const silence = await fetch(`http://127.0.0.1:${ports.alertmanager}/api/v2/silences`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        matchers: [{ name: "session", value: "two", isRegex: false, isEqual: true }],
        startsAt: new Date().toISOString(),
        endsAt: new Date(Date.now() + 3_600_000).toISOString(),
        createdBy: "test",
        comment: "kept",
      }),
    });
    expect(silence.status).toBe(200);
    const [before, alerts] = await Promise.all(["prometheus", "alertmanager"].map(async (name) => (await inspect(name)).Id));
    const { plan, failures } = await deploy({ retention: 7 * 86_400 });
    expect(failures).toEqual([]);
    const changed = plan.steps.filter(({ operation }) => operation !== "same").map(({ name }) => name);
    expect(changed).toEqual(["agent-sessions-monitored-prometheus"]);
    expect((await inspect("prometheus")).Id).not.toBe(before);
    expect((await inspect("alertmanager")).Id).toBe(alerts);
    await rig.docker.getContainer("agent-sessions-monitored-alertmanager").restart({ t: 10 });
    await until(async () => (await ask("up").catch(() => [])).length > 0, 60, "Prometheus");
    expect((await ask("min_over_time(timestamp(agent_sessions_memory_bytes)[1h:10s])"))[0]?.value[1]).toBe(first);
    const silences = await until(
      () =>
        fetch(`http://127.0.0.1:${ports.alertmanager}/api/v2/silences`).then(
          (response) => response.json() as Promise<{ comment: string }[]>,
          () => undefined,
        ),
      60,
      "Alertmanager",
    );
    expect(silences.map(({ comment }) => comment)).toEqual(["kept"]);
  });
});

import { alerts } from "./alerts.ts";
import { toPromQl } from "./prometheus-rules.ts";

/** Dashboards as Grafana reads them (schema 39): four, of which each is a list of panels, two a line. */

/** How a figure is written. */
type Unit = "percentunit" | "bytes" | "Bps" | "short" | "s" | "reqps";

interface Query {
  readonly expr: string;
  /** What a line is called, with labels in braces. */
  readonly legend: string;
}

interface PanelOptions {
  readonly title: string;
  readonly kind: "timeseries" | "stat" | "table";
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** What the figure means, where its title does not say. */
  readonly description?: string;
}

/** Which data source every panel asks, by its address in Grafana. */
export const dataSource = { type: "prometheus", uid: "prometheus" } as const;

const [width, height] = [12, 8];

/** By label of the stack that is chosen, or of the one session. */
const ofStack = 'stack=~"$stack"';
const ofSession = 'session="$session",stack=~"$stack"';

function panel({ title, kind, unit, queries, description }: PanelOptions, index: number) {
  return {
    id: index + 1,
    type: kind,
    title,
    ...(description !== undefined && { description }),
    datasource: dataSource,
    gridPos: { x: (index % 2) * width, y: Math.floor(index / 2) * height, w: width, h: height },
    fieldConfig: { defaults: { unit, min: 0, ...(unit === "percentunit" && { max: 1 }) }, overrides: [] },
    options:
      kind === "timeseries" ? { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } } : {},
    targets: queries.map(({ expr, legend }, number) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + number),
      datasource: dataSource,
      expr,
      legendFormat: legend,
      ...(kind === "timeseries" ? { range: true } : { instant: true, ...(kind === "table" && { format: "table" }) }),
    })),
  };
}

/** A list to choose a label's value from. */
const choice = (name: string, metric: string, matching: string) => ({
  name,
  type: "query",
  datasource: dataSource,
  query: { query: `label_values(${metric}${matching}, ${name})`, refId: name },
  refresh: 2,
  sort: 1,
  ...(name === "stack" && { includeAll: true, allValue: ".*", current: { text: "All", value: "$__all" } }),
});

function dashboard(name: string, title: string, panels: readonly PanelOptions[], ofOne = false) {
  const stack = choice("stack", "agent_sessions_collection_timestamp_seconds", "");
  const session = choice("session", "agent_sessions_session_info", `{${ofStack}}`);
  return {
    uid: `agent-sessions-${name}`,
    title,
    tags: ["agent-sessions"],
    timezone: "browser",
    schemaVersion: 39,
    editable: false,
    refresh: "10s",
    time: { from: "now-1h", to: "now" },
    links: [
      { type: "dashboards", title: "agent-sessions", tags: ["agent-sessions"], asDropdown: false, includeVars: true, keepTime: true },
    ],
    templating: { list: ofOne ? [stack, session] : [stack] },
    panels: panels.map(panel),
  };
}

/** A panel of lines. */
const lines = (title: string, unit: Unit, ...queries: readonly Query[]): PanelOptions => ({ title, kind: "timeseries", unit, queries });
const of = (expr: string, legend: string): Query => ({ expr, legend });
/** What a counter grows by in a second. */
const rate = (metric: string, matching: string) => `rate(${metric}{${matching}}[1m])`;
const ratio = (part: string, whole: string, matching: string) => `${part}{${matching}} / ${whole}{${matching}}`;
/** How an alert judges it, so that a dashboard cannot say otherwise. @throws Error when there is no such alert */
function asJudged(name: string): string {
  const alert = alerts.find((one) => one.name === name);
  if (alert === undefined) throw new Error(`no alert is called ${name}`);
  return toPromQl(alert.quantity);
}

const overview = () =>
  dashboard("sessions", "Sessions", [
    {
      title: "States",
      kind: "table",
      unit: "short",
      queries: [of(`agent_sessions_session_state{${ofStack}} == 1`, "{{session}}: {{state}}")],
    },
    {
      title: "Sessions",
      kind: "stat",
      unit: "short",
      queries: [of(`sum by (state) (agent_sessions_session_state{${ofStack}})`, "{{state}}")],
    },
    lines("CPU of its limit", "percentunit", of(`agent_sessions_cpu_ratio{${ofStack}}`, "{{session}}")),
    lines(
      "Memory of its limit",
      "percentunit",
      of(ratio("agent_sessions_memory_bytes", "agent_sessions_memory_limit_bytes", ofStack), "{{session}}"),
    ),
    lines("Disk", "bytes", of(`sum by (session) (agent_sessions_disk_bytes{${ofStack}})`, "{{session}}")),
    lines("Processes", "short", of(`agent_sessions_processes{${ofStack}}`, "{{session}}")),
    lines("Network in", "Bps", of(rate("agent_sessions_network_receive_bytes_total", ofStack), "{{session}}")),
    lines("Network out", "Bps", of(rate("agent_sessions_network_transmit_bytes_total", ofStack), "{{session}}")),
    lines("Restarts in ten minutes", "short", of(asJudged("SessionRestartLoop"), "{{session}}")),
    lines("Programs killed for memory in five minutes", "short", of(asJudged("SessionOutOfMemory"), "{{session}}")),
  ]);

const oneSession = () =>
  dashboard(
    "session",
    "One session",
    [
      lines(
        "CPU",
        "short",
        of(rate("agent_sessions_cpu_seconds_total", ofSession), "cores in use"),
        of(`agent_sessions_cpu_limit_cores{${ofSession}}`, "limit"),
      ),
      lines(
        "Memory",
        "bytes",
        of(`agent_sessions_memory_bytes{${ofSession}}`, "in use"),
        of(`agent_sessions_memory_limit_bytes{${ofSession}}`, "limit"),
      ),
      lines(
        "Disk",
        "bytes",
        of(`agent_sessions_disk_bytes{${ofSession}}`, "{{place}}"),
        of(`agent_sessions_disk_limit_bytes{${ofSession}}`, "limit"),
      ),
      lines(
        "Processes",
        "short",
        of(`agent_sessions_processes{${ofSession}}`, "running"),
        of(`agent_sessions_processes_limit{${ofSession}}`, "limit"),
      ),
      lines(
        "Network",
        "Bps",
        of(rate("agent_sessions_network_receive_bytes_total", ofSession), "in"),
        of(rate("agent_sessions_network_transmit_bytes_total", ofSession), "out"),
      ),
      lines(
        "Block devices",
        "Bps",
        of(rate("agent_sessions_block_read_bytes_total", ofSession), "read"),
        of(rate("agent_sessions_block_written_bytes_total", ofSession), "written"),
      ),
      lines("Requests to hosts", "reqps", of(rate("agent_sessions_egress_requests_total", ofSession), "{{verdict}}")),
      lines("Requests to the model", "reqps", of(rate("agent_sessions_credential_requests_total", ofSession), "{{code}}")),
      lines("State", "short", of(`agent_sessions_session_state{${ofSession}}`, "{{state}}")),
      lines(
        "Restarts",
        "short",
        of(`agent_sessions_restarts_total{${ofSession}}`, "restarts"),
        of(`agent_sessions_oom_kills_total{${ofSession}}`, "killed for memory"),
      ),
    ],
    true,
  );

const node = () =>
  dashboard("node", "Node", [
    lines("CPU", "percentunit", of(`agent_sessions_node_cpu_ratio{${ofStack}}`, "in use")),
    lines("Load", "short", of(`agent_sessions_node_load1{${ofStack}}`, "over one minute")),
    lines(
      "Memory",
      "bytes",
      of(`agent_sessions_node_memory_bytes{${ofStack}} - agent_sessions_node_memory_available_bytes{${ofStack}}`, "in use"),
      of(`agent_sessions_node_memory_bytes{${ofStack}}`, "there is"),
    ),
    lines("Disk of the engine", "percentunit", of(asJudged("NodeDiskHigh"), "in use")),
    lines("Supervisor: seconds a round takes", "s", of(`agent_sessions_collection_seconds{${ofStack}}`, "a round")),
    lines("Supervisor: seconds since it looked", "s", of(asJudged("SupervisorDown"), "{{instance}}")),
    lines("Gateway: requests", "reqps", of(rate("agent_sessions_gateway_requests_total", ofStack), "{{service}}: {{code}}")),
    lines("Gateway: requests that fail", "percentunit", of(asJudged("GatewayErrors"), "{{service}}")),
    lines("Gateway: time until an answer ends", "s", of(asJudged("GatewaySlow"), "{{service}}")),
    lines("Gateway: up", "short", of(`agent_sessions_gateway_up{${ofStack}}`, "up")),
    {
      title: "Clean-up",
      kind: "table",
      unit: "s",
      description: "Nothing until sessions cleanup has run.",
      queries: [
        of(`time() - agent_sessions_cleanup_last_run_timestamp_seconds{${ofStack}}`, "seconds since the last"),
        of(`agent_sessions_cleanup_next_run_timestamp_seconds{${ofStack}} - time()`, "seconds until the next, where it runs regularly"),
        of(`agent_sessions_cleanup_failed{${ofStack}}`, "failed"),
      ],
    },
  ]);

const egress = () =>
  dashboard("egress", "Egress", [
    lines("Refused", "reqps", of(rate("agent_sessions_egress_requests_total", `${ofStack},verdict="denied"`), "{{session}}")),
    lines("Allowed", "reqps", of(rate("agent_sessions_egress_requests_total", `${ofStack},verdict="allowed"`), "{{session}}")),
    lines("Refused in a minute", "short", of(asJudged("EgressDeniedBurst"), "{{session}}")),
    lines("Requests to the model that fail", "percentunit", of(asJudged("CredentialProxyErrors"), "{{session}}")),
    {
      ...lines("Begin of the model's answers", "s", of(asJudged("CredentialProxySlow"), "{{session}}")),
      description: "Nineteen of twenty requests are answered sooner.",
    },
    lines("Credential proxies that are up", "short", of(`agent_sessions_credential_proxy_up{${ofStack}}`, "{{session}}")),
  ]);

/** All of them. */
export const dashboards = () => [overview(), oneSession(), node(), egress()];

import type * as pulumi from "@pulumi/pulumi";
import { scratch, secretMount } from "../session-part.ts";
import { serviceName } from "../session.ts";
import {
  dataMount,
  goMemory,
  type MonitoringArgs,
  type MonitoringService,
  monitoringPorts,
  quickCheck,
  settingsFolder,
  settingsMount,
} from "./args.ts";
import { dashboards, dataSource } from "./dashboards.ts";

const MiB = 1024 ** 2;

const limits = { memory: 512 * MiB, cpu: 1, processes: 128 } as const;

/** Who Grafana is in its own image. */
const user = 472;

const data = "/var/lib/grafana";

/** What it is told where to look, and to show. It reads JSON as the YAML that it is. */
function provisioning(): Record<string, string> {
  const source = {
    apiVersion: 1,
    datasources: [
      {
        name: "Prometheus",
        ...dataSource,
        access: "proxy",
        url: `http://prometheus:${monitoringPorts.prometheus}`,
        isDefault: true,
        editable: false,
        jsonData: { timeInterval: "10s" },
      },
    ],
  };
  const provider = {
    apiVersion: 1,
    providers: [{ name: "agent-sessions", type: "file", allowUiUpdates: false, options: { path: `${settingsFolder}/dashboards` } }],
  };
  return {
    "datasources/prometheus.yaml": JSON.stringify(source, null, 2),
    "dashboards/agent-sessions.yaml": JSON.stringify(provider, null, 2),
    ...Object.fromEntries(dashboards().map((dashboard) => [`dashboards/${dashboard.uid}.json`, JSON.stringify(dashboard, null, 2)])),
  };
}

/** Makes the password that nobody gave, once, where only Grafana can read it, and becomes Grafana. */
const ownPassword = [
  `[ -s ${data}/admin-password ] || (umask 077; head -c 24 /dev/urandom | base64 > ${data}/.password && mv ${data}/.password ${data}/admin-password)`,
  'exec "$@"',
].join("\n");

/** Shows the figures, to who signs in. It asks nobody but Prometheus. */
export function grafana(args: MonitoringArgs, image: pulumi.Input<string>): MonitoringService {
  const { grafanaPassword: given } = args;
  return {
    name: serviceName(args, "grafana"),
    kind: "grafana",
    runs: "beside",
    image,
    user,
    program: [...(given === undefined ? ["sh", "-c", ownPassword, "grafana"] : []), ...server],
    environment: goMemory(limits.memory),
    mounts: [
      dataMount(data),
      settingsMount({
        "grafana.ini": toIni(given === undefined ? `${data}/admin-password` : "/secret/password", args.url),
        ...provisioning(),
      }),
      ...(given === undefined ? [] : [secretMount("password", given)]),
      scratch,
    ],
    limits,
    // Its first start makes its database.
    health: {
      ...quickCheck,
      command: ["wget", "-q", "-O", "/dev/null", `http://127.0.0.1:${monitoringPorts.grafana}/api/health`],
      startPeriod: 120,
    },
    reaches: "nothing",
    port: monitoringPorts.grafana,
  };
}

/** Its command line, where what is said outranks the variables of its image. */
const server = [
  "grafana",
  "server",
  "--homepath=/usr/share/grafana",
  `--config=${settingsFolder}/grafana.ini`,
  "--packaging=docker",
  `cfg:paths.data=${data}`,
  "cfg:paths.logs=/tmp",
  `cfg:paths.plugins=${data}/plugins`,
  `cfg:paths.provisioning=${settingsFolder}`,
];

/** It lets nobody in who did not sign in, and asks nothing of anybody outside. @param password the file that holds it */
function toIni(password: string, url: string | undefined): string {
  const sections = {
    analytics: { check_for_plugin_updates: false, check_for_updates: false, reporting_enabled: false },
    "auth.anonymous": { enabled: false },
    log: { mode: "console" },
    news: { news_feed_enabled: false },
    plugins: { preinstall_disabled: true },
    security: { admin_password: `$__file{${password}}`, disable_gravatar: true },
    server: { http_port: monitoringPorts.grafana, ...(url !== undefined && { root_url: `${url}grafana/` }) },
    snapshots: { external_enabled: false },
    users: { allow_sign_up: false },
  };
  return Object.entries(sections)
    .map(([name, keys]) => [`[${name}]`, ...Object.entries(keys).map(([key, value]) => `${key} = ${value}`), ""].join("\n"))
    .join("\n");
}

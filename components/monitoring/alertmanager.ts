import { type Mount, scratch, type SecretReference, serviceLimits } from "../session-part.ts";
import { serviceName } from "../session.ts";
import {
  dataMount,
  goMemory,
  type MonitoringArgs,
  type MonitoringService,
  monitoringPorts,
  quickCheck,
  type Routes,
  settingsFolder,
  settingsMount,
  type Webhook,
  webOptions,
} from "./args.ts";
import { nobody } from "./prometheus.ts";

/** What people read of alerts that came together: one line each. */
const lines = "{{ range .Alerts }}{{ .Annotations.summary }}. {{ .Annotations.description }} See {{ .Annotations.runbook }}.\n{{ end }}";
const title =
  "[{{ .Status }}] {{ .CommonLabels.alertname }}{{ with .CommonLabels.session }} of {{ . }}{{ end }} ({{ .CommonLabels.stack }})";

/**
 * Alertmanager's configuration. Secrets stay in files of their own, which it reads when it sends.
 *
 * Alerts of one kind and session come together, five seconds after the first; what changes follows after fifteen; what goes on
 * is said again every four hours.
 */
export function toAlertmanagerConfig({ email, slack, webhook, heartbeat }: Routes = {}) {
  const people = {
    ...(email !== undefined && { email_configs: [toEmail(email)] }),
    ...(slack !== undefined && {
      slack_configs: [
        {
          api_url_file: `${secretFolder("slack")}/url`,
          ...(slack.channel !== undefined && { channel: slack.channel }),
          send_resolved: true,
          title,
          text: lines,
        },
      ],
    }),
    ...(webhook !== undefined && { webhook_configs: [toWebhook(webhook, "webhook")] }),
  };
  return {
    route: {
      receiver: "people",
      group_by: ["alertname", "stack", "session"],
      group_wait: "5s",
      group_interval: "15s",
      repeat_interval: "4h",
      routes: [
        {
          receiver: "heartbeat",
          matchers: ['alertname="Watchdog"'],
          group_wait: "0s",
          group_interval: "1m",
          repeat_interval: "1m",
        },
      ],
    },
    receivers: [
      { name: "people", ...people },
      { name: "heartbeat", ...(heartbeat !== undefined && { webhook_configs: [toWebhook(heartbeat, "heartbeat")] }) },
    ],
  };
}

function toEmail({ to, from, smarthost, login }: NonNullable<Routes["email"]>) {
  return {
    to,
    from,
    smarthost,
    require_tls: true,
    ...(login !== undefined && { auth_username: login.username, auth_password_file: `${secretFolder("email")}/password` }),
    send_resolved: true,
    headers: { Subject: title },
    html: "",
    text: lines,
  };
}

const toWebhook = ({ url, token }: Webhook, name: string) => ({
  url,
  send_resolved: true,
  ...(token !== undefined && { http_config: { authorization: { credentials_file: `${secretFolder(name)}/token` } } }),
});

/** Where a way's secret is. */
const secretFolder = (name: string) => `/secret/${name}`;

function secretMounts({ email, slack, webhook, heartbeat }: Routes): Mount[] {
  const secrets: readonly (readonly [name: string, file: string, secret: SecretReference | undefined])[] = [
    ["email", "password", email?.login?.password],
    ["slack", "url", slack?.webhook],
    ["webhook", "token", webhook?.token],
    ["heartbeat", "token", heartbeat?.token],
  ];
  return secrets.flatMap(([name, file, secret]) =>
    secret === undefined
      ? []
      : [
          {
            target: secretFolder(name),
            readOnly: true,
            source: { kind: "secret", name, files: secret.map((content) => ({ [file]: content })) },
          } as const,
        ],
  );
}

/** Tells people of alerts, and alone has a way out: where it has somebody to tell. It remembers what is silenced and what was told. */
export function alertmanager(args: MonitoringArgs): MonitoringService {
  const { routes = {} } = args;
  const url = `http://127.0.0.1:${monitoringPorts.alertmanager}`;
  return {
    name: serviceName(args, "alertmanager"),
    kind: "alertmanager",
    runs: "beside",
    image: args.images.alertmanager,
    user: nobody,
    program: [
      "alertmanager",
      `--config.file=${settingsFolder}/alertmanager.json`,
      "--storage.path=/alertmanager",
      `--web.listen-address=:${monitoringPorts.alertmanager}`,
      // One that is killed forgets no more than this of what is silenced and what was told.
      "--data.maintenance-interval=1m",
      // There is one of them.
      "--cluster.listen-address=",
      ...webOptions(args, "alertmanager"),
    ],
    environment: goMemory(serviceLimits.memory),
    mounts: [
      dataMount("/alertmanager"),
      settingsMount({ "alertmanager.json": JSON.stringify(toAlertmanagerConfig(routes), null, 2) }),
      ...secretMounts(routes),
      scratch,
    ],
    limits: serviceLimits,
    health: { ...quickCheck, command: ["amtool", `--alertmanager.url=${url}`, "silence", "query", "--quiet"], startPeriod: 30 },
    reaches: Object.values(routes).some((route) => route !== undefined) ? "any host" : "nothing",
    port: monitoringPorts.alertmanager,
  };
}

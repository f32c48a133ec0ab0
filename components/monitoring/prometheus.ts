import { scratch } from "../session-part.ts";
import { serviceName } from "../session.ts";
import {
  dataMount,
  goMemory,
  type MonitoringArgs,
  type MonitoringService,
  monitoringPorts,
  prometheusLimits,
  quickCheck,
  settingsFolder,
  settingsMount,
  stackOf,
  webOptions,
} from "./args.ts";
import { supervisorJob } from "./metrics.ts";
import { evaluationSeconds, toRuleGroups } from "./prometheus-rules.ts";

/** Who Prometheus and Alertmanager are in their own images. */
export const nobody = 65_534;

const day = 86_400;

/** Every how many seconds figures are fetched: as often as the supervisor takes them. */
const scrapeSeconds = 10;

/** Prometheus's configuration. */
export function toPrometheusConfig(args: MonitoringArgs) {
  const { host, port, path } = args.metrics;
  const labels = stackOf(args);
  return {
    global: { scrape_interval: `${scrapeSeconds}s`, evaluation_interval: `${evaluationSeconds}s`, external_labels: labels },
    rule_files: [`${settingsFolder}/rules.json`],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [`alertmanager:${monitoringPorts.alertmanager}`] }] }] },
    scrape_configs: [
      {
        job_name: supervisorJob,
        metrics_path: path,
        // Figures say themselves whose they are; the target says it of those that are about the target.
        honor_labels: true,
        static_configs: [{ targets: [`${host}:${port}`], labels }],
      },
    ],
  };
}

/** Keeps the figures and judges the rules. Nobody can change or end it over the network. */
export function prometheus(args: MonitoringArgs): MonitoringService {
  const days = Math.max(1, Math.round((args.retention ?? 30 * day) / day));
  return {
    name: serviceName(args, "prometheus"),
    kind: "prometheus",
    runs: "beside",
    image: args.images.prometheus,
    user: nobody,
    program: [
      "prometheus",
      `--config.file=${settingsFolder}/prometheus.json`,
      "--storage.tsdb.path=/prometheus",
      `--storage.tsdb.retention.time=${days}d`,
      `--web.listen-address=:${monitoringPorts.prometheus}`,
      // An Alertmanager that was away is told again soon; after four times this, it takes a silent Prometheus's alerts for over.
      "--rules.alert.resend-delay=20s",
      // By itself it lets every page that a browser on this machine shows read its answers. No page's origin is this.
      "--web.cors.origin=none",
      ...webOptions(args, "prometheus"),
    ],
    environment: goMemory(prometheusLimits.memory),
    mounts: [
      dataMount("/prometheus"),
      settingsMount({
        "prometheus.json": JSON.stringify(toPrometheusConfig(args), null, 2),
        "rules.json": JSON.stringify(toRuleGroups(), null, 2),
      }),
      scratch,
    ],
    limits: prometheusLimits,
    // It reads what it wrote before it stopped, first.
    health: {
      ...quickCheck,
      command: ["promtool", "query", "instant", `http://127.0.0.1:${monitoringPorts.prometheus}`, "vector(1)"],
      startPeriod: 120,
    },
    reaches: "nothing",
    port: monitoringPorts.prometheus,
  };
}

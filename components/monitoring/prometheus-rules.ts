import type { Alert, Quantity, Series } from "./alert.ts";
import { alerts, runbookOf } from "./alerts.ts";
import { supervisorJob } from "./metrics.ts";

/** One rule as Prometheus has it. */
export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Gives a calculated figure a name. */
export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a rule file of Prometheus holds, and the spec of a PrometheusRule. */
export interface RuleGroups<Kind = Rule> {
  readonly groups: readonly { readonly name: string; readonly interval: string; readonly rules: readonly Kind[] }[];
}

/** Whose figures a Prometheus judges that has those of others too. */
export interface RuleScope {
  /** Labels of the stack's figures, and of its alerts. */
  readonly labels: Readonly<Record<string, string>>;
  /** Alerts that are not judged there. */
  readonly without: readonly string[];
  /** What stands for the silence of those who measure. */
  readonly silence: string;
}

/** Every how many seconds rules are judged. */
export const evaluationSeconds = 10;

/** The rule file. @param scope of a stack among others; left out where a Prometheus is the stack's own */
export function toRuleGroups(scope?: RuleScope): RuleGroups {
  const group = (of: Alert["of"]) => ({
    name: `agent-sessions-${of}`,
    interval: `${evaluationSeconds}s`,
    rules: alerts.filter((alert) => alert.of === of && scope?.without.includes(alert.name) !== true).map((alert) => toRule(alert, scope)),
  });
  return { groups: [group("session"), group("stack")] };
}

/** The same for Prometheus Operator, in a cluster. */
export function toPrometheusRule<Kind>(
  metadata: { readonly name: string; readonly namespace: string; readonly labels?: Readonly<Record<string, string>> },
  spec: RuleGroups<Kind>,
) {
  return { apiVersion: "monitoring.coreos.com/v1", kind: "PrometheusRule", metadata, spec };
}

function toRule(alert: Alert, scope?: RuleScope): Rule {
  const { name, of, severity, quantity, operator, threshold, holds, summary, unit, description } = alert;
  const said = summary.replace("{{value}}", `{{ $value | ${formats[unit]} }}`).replace("{{service}}", "{{ $labels.service }}");
  return {
    alert: name,
    expr: `${toPromQl(quantity, scope)} ${operator} ${threshold}`,
    for: `${holds}s`,
    labels: { severity, ...scope?.labels },
    annotations: { summary: of === "session" ? `Session {{ $labels.session }} ${said}` : said, description, runbook: runbookOf(alert) },
  };
}

/** How Prometheus prints a value. */
const formats = {
  percent: "humanizePercentage",
  count: 'printf "%.0f"',
  seconds: "humanizeDuration",
  bytes: "humanize1024",
  none: 'printf "%g"',
} as const satisfies Record<Alert["unit"], string>;

/** A quantity in the language of Prometheus. */
export function toPromQl(quantity: Quantity, scope?: RuleScope): string {
  const select = (series: Parameters<typeof selector>[0]) => selector({ ...series, where: { ...series.where, ...scope?.labels } });
  switch (quantity.kind) {
    case "latest":
      return quantity.over === undefined
        ? select(quantity)
        : `${quantity.over.take} without (${quantity.over.labels.join(", ")}) (${select(quantity)})`;
    case "growth": {
      const grown = `increase(${select(quantity)}[${quantity.window}s])`;
      // What is between two samples is extrapolated; events are whole.
      return `round(${quantity.over === undefined ? grown : `sum without (${quantity.over.join(", ")}) (${grown})`})`;
    }
    case "quantile": {
      const buckets = select({ ...quantity, metric: `${quantity.metric}_bucket` });
      return `histogram_quantile(${quantity.quantile}, rate(${buckets}[${quantity.window}s]))`;
    }
    case "ratio":
      return `${toPromQl(quantity.part, scope)} / ${toPromQl(quantity.whole, scope)}`;
    case "rest":
      return `1 - ${toPromQl(quantity.of, scope)}`;
    case "age":
      return `time() - ${select(quantity)}`;
    case "silence":
      // A target that does not answer has no series but `up`; one that failed to look counts as never having looked.
      if (scope !== undefined) return scope.silence;
      return `time() - (agent_sessions_collection_timestamp_seconds * (1 - agent_sessions_collection_failed) or on (job, instance) up{job="${supervisorJob}"} * 0)`;
    case "always":
      return "vector(1)";
  }
}

function selector({ metric, where = {} }: { readonly metric: string; readonly where?: Series["where"] }): string {
  const matchers = Object.entries(where).map(([label, value]) =>
    typeof value === "string" ? `${label}="${value}"` : `${label}=~"${value.join("|")}"`,
  );
  return matchers.length === 0 ? metric : `${metric}{${matchers.join(",")}}`;
}

import { stackLabel } from "../container-engine/object-labels.ts";
import type { Owner } from "../session.ts";
import type { Alert, Quantity, Series } from "./alert.ts";
import { alerts, runbookOf } from "./alerts.ts";
import { type CountedSession, type Figure, figureOf, notOnFargate, type Source, type Watched } from "./fargate-figures.ts";

/** A session, as far as alarms are about it. */
export interface AlarmedSession extends CountedSession {
  /** It has an allow list. */
  readonly filtered: boolean;
}

/** What `aws.cloudwatch.MetricAlarm` takes, as plain values. */
export interface AlarmInputs {
  readonly name: string;
  readonly alarmDescription: string;
  readonly comparisonOperator: (typeof operators)[Alert["operator"]];
  readonly evaluationPeriods: number;
  readonly threshold: number;
  readonly treatMissingData: "notBreaching" | "breaching";
  readonly metricQueries: readonly MetricQuery[];
  readonly tags: Readonly<Record<string, string>>;
}

/** An alarm, and whether its end is told of: what a line said once holds on when no other line comes. */
export interface ToldAlarm {
  readonly inputs: AlarmInputs;
  readonly endIsTold: boolean;
}

interface MetricQuery {
  readonly id: string;
  readonly returnData: boolean;
  readonly expression?: string;
  readonly metric?: {
    readonly namespace: string;
    readonly metricName: string;
    readonly dimensions: Readonly<Record<string, string>>;
    readonly period: number;
    readonly stat: string;
  };
}

const operators = { ">": "GreaterThanThreshold", ">=": "GreaterThanOrEqualToThreshold", "<": "LessThanThreshold" } as const;

/** Seconds: the shortest period of a metric at standard resolution. */
const shortestPeriod = 60;

/**
 * The alarms of a stack, none of a session's.
 *
 * @param serving whether tasks run beside the sessions, which may all be stopped: without them, silence is no fault
 */
export const stackAlarms = (owner: Owner, serving: boolean): ToldAlarm[] =>
  raised
    .filter(({ of, quantity }) => of === "stack" && (serving || quantity.kind !== "silence"))
    .map((alert) => toAlarm(alert, { ...owner, session: "" }));

/** The alarms of one session: those of which something can ever come. */
export const sessionAlarms = (owner: Owner, session: AlarmedSession): ToldAlarm[] =>
  raised
    .filter((alert) => alert.of === "session" && concerns(alert, session))
    .map((alert) => toAlarm(alert, { ...owner, session: session.id, ...(session.tasks !== undefined && { tasks: session.tasks }) }));

const raised = alerts.filter(({ name }) => !Object.hasOwn(notOnFargate, name));

function concerns({ name }: Alert, { filtered, credentialProxy }: AlarmedSession): boolean {
  if (name.startsWith("Egress")) return filtered;
  return name.startsWith("Credential") ? credentialProxy : true;
}

function toAlarm(alert: Alert, watched: Watched): ToldAlarm {
  const { name, of, severity, quantity, operator, threshold, holds, description } = alert;
  const period = periodOf(quantity);
  // The whole math of an alarm has one period.
  const queries = new Queries(watched, period);
  const expression = queries.add(quantity);
  const silent = quantity.kind === "silence";
  const stack = stackLabel(watched);
  const session = of === "session" ? watched.session : undefined;
  const inputs: AlarmInputs = {
    name: [stack.replace("/", "-"), ...(session === undefined ? [] : [session]), name].join("-"),
    alarmDescription: `${description} Runbook: ${runbookOf(alert)}`,
    comparisonOperator: operators[operator],
    evaluationPeriods: Math.max(1, Math.ceil(Math.max(holds, queries.settles) / period)),
    // It has no clock to compare a time with; nothing that arrives is what stands for it.
    threshold: silent ? 0 : threshold,
    treatMissingData: queries.always ? "breaching" : "notBreaching",
    metricQueries: [...queries.metrics, { id: "value", returnData: true, expression }],
    tags: { severity },
  };
  return { inputs, endIsTold: !(quantity.kind === "latest" && queries.lines) };
}

function periodOf(quantity: Quantity): number {
  switch (quantity.kind) {
    case "growth":
    case "quantile":
      return Math.max(shortestPeriod, quantity.window);
    case "ratio":
      return Math.max(periodOf(quantity.part), periodOf(quantity.whole));
    case "rest":
      return periodOf(quantity.of);
    default:
      return shortestPeriod;
  }
}

/** The metrics that the math of one alarm names, as they come up. */
class Queries {
  readonly metrics: MetricQuery[] = [];
  /** Seconds for which one of them says nothing when a session starts. */
  settles = 0;
  /** One of them says something always. */
  always = false;
  /** One of them counts lines. */
  lines = false;
  readonly #watched: Watched;
  readonly #period: number;

  constructor(watched: Watched, period: number) {
    this.#watched = watched;
    this.#period = period;
  }

  /** @returns the quantity in metric math */
  add(quantity: Quantity): string {
    switch (quantity.kind) {
      case "latest":
        return combined(this.#series(quantity), quantity.over?.take ?? "sum");
      case "growth":
        return combined(this.#series(quantity), "sum");
      case "quantile":
        return combined(this.#series(quantity, `p${quantity.quantile * 100}`), "sum");
      case "ratio":
        return `${this.add(quantity.part)} / ${this.add(quantity.whole)}`;
      case "rest":
        return `1 - ${this.add(quantity.of)}`;
      case "silence":
        return combined(this.#series({ metric: "agent_sessions_collection_failed" }), "sum");
      case "age":
      case "always":
        throw new Error(`an alarm has no clock, and cannot judge a quantity of the kind ${quantity.kind}`);
    }
  }

  /** @returns one expression for each combination of labels: an alarm may not search for metrics */
  #series({ metric, where = {} }: Series, stat?: string): string[] {
    const combinations = Object.entries(where).reduce<Record<string, string>[]>(
      (known, [label, values]) => known.flatMap((one) => [values].flat().map((value) => ({ ...one, [label]: value }))),
      [{}],
    );
    return combinations.map((labels) => this.#expression(figureOf(metric, this.#watched, labels), stat));
  }

  #expression({ sources, math = (name = "") => name, settles = 0, always = false }: Figure, stat?: string): string {
    this.settles = Math.max(this.settles, settles);
    this.always ||= always;
    this.lines ||= sources.some(({ fill }) => fill !== undefined);
    const expression = math(...sources.map((source) => this.#query(source, stat)));
    return sources.length > 1 ? `(${expression})` : expression;
  }

  /** Of lines the number counts, of anything else the greatest. */
  #query({ namespace, metricName, dimensions, fill }: Source, stat = fill === undefined ? "Maximum" : "Sum"): string {
    const id = `m${this.metrics.length + 1}`;
    this.metrics.push({ id, returnData: false, metric: { namespace, metricName, dimensions, period: this.#period, stat } });
    return stat === "Sum" ? `FILL(${id}, ${fill})` : id;
  }
}

function combined(ids: readonly string[], take: "sum" | "max"): string {
  if (ids.length === 1) return ids[0] as string;
  return take === "max" ? `MAX([${ids.join(", ")}])` : `(${ids.join(" + ")})`;
}

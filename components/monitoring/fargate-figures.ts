import { verdicts } from "../egress-proxy/rules.ts";
import { accountName, clusterName, logGroupName } from "../fargate/tags.ts";
import { containerName, credentialProxyName, type Owner } from "../session.ts";
import type { Metric } from "./metrics.ts";

/**
 * What CloudWatch knows of sessions on Fargate: what Container Insights count of their tasks, and what is counted in their logs.
 * Container Insights say nothing of a service as long as no task of it runs, be it that none is wanted or that none can be started.
 * The first is nobody's fault, and the second ECS tells itself; see `start-faults.ts`.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cloudwatch-container-insights.html (considerations)
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
 */

/** A metric of CloudWatch's. */
export interface Source {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** What stands where nothing was counted: where lines are counted, that is none. @default nothing stands there */
  readonly fill?: 0;
}

/** A figure that alerts ask for, made of metrics. */
export interface Figure {
  readonly sources: readonly Source[];
  /** In metric math, by the names of the sources. @default the one source */
  readonly math?: (...names: readonly string[]) => string;
  /** Seconds for which it says nothing when a session starts. @default it says something at once */
  readonly settles?: number;
  /** Where nothing of it arrives, that is the fault itself. @default nothing that arrives is no fault */
  readonly always?: boolean;
}

/** Alerts that nothing on Fargate measures, and why. */
export const notOnFargate: Readonly<Record<string, string>> = {
  SessionDiskHigh: "EFS counts a whole file system, which sessions share, and no folder of it; a session ends itself at its limit",
  SessionLogsHigh: "EFS counts a whole file system, which sessions share, and no folder of it",
  SessionOutOfMemory: "nobody counts what the kernel ends in a task; a session that ends by it is in SessionRestartLoop, and list says why",
  GatewayErrors: "the gateway is a server's",
  GatewaySlow: "the gateway is a server's",
  GatewayDown: "the gateway is a server's",
  NodeDiskHigh: "the machines are Fargate's, and each task has a disk of its own",
  CleanupFailed: "AWS removes what a stack no longer has by itself",
  CleanupOverdue: "AWS removes what a stack no longer has by itself",
  Watchdog: "an alarm tells of its changes alone, so one that is always raised arrives once",
};

/** What is watched. */
export interface Watched extends Owner {
  readonly session: string;
  /** How many tasks a pool has at most. @default the session is no pool */
  readonly tasks?: number;
}

/** Seconds in which a session has to start, clones of its repositories included: until then it is not unwell. */
const startLimit = 600;

/** The namespace of what is counted in a stack's logs, which an account has besides AWS's own. */
export const logNamespace = ({ project, stack }: Owner): string => `AgentSessions/${project}/${stack}`;

/** A count of lines, by what it is of: filters of one log group can have no other dimensions than what lines say of themselves. */
const counted = (watched: Watched, name: string): Source => ({
  namespace: `${logNamespace(watched)}/${watched.session}`,
  metricName: name,
  dimensions: {},
  fill: 0,
});

const insights = (owner: Owner, metricName: string, service?: string): Source => ({
  namespace: "ECS/ContainerInsights",
  metricName,
  dimensions: { ClusterName: clusterName(owner), ...(service !== undefined && { ServiceName: accountName(owner, service) }) },
});

const ofSession = (watched: Watched, name: string) => insights(watched, name, containerName(watched.session));
const difference = (wanted = "", there = "") => `${wanted} - ${there}`;

type Labels = Readonly<Record<string, string>>;

/** The figures that alerts ask for, as Fargate has them. */
const figures: { readonly [Name in Metric]?: (watched: Watched, labels: Labels) => Figure | undefined } = {
  agent_sessions_memory_bytes: (watched) => ({ sources: [ofSession(watched, "MemoryUtilized")] }),
  agent_sessions_memory_limit_bytes: (watched) => ({ sources: [ofSession(watched, "MemoryReserved")] }),
  agent_sessions_cpu_ratio: (watched) => ({
    sources: [ofSession(watched, "CpuUtilized"), ofSession(watched, "CpuReserved")],
    math: (used, reserved) => `${used} / ${reserved}`,
  }),
  agent_sessions_session_state: (watched, { state }) => {
    if (state === "key refused") return { sources: [counted(watched, "KeyRefused")] };
    if (state === "failed") return { sources: [counted(watched, "SessionFailed")] };
    const sources = ["DesiredTaskCount", "RunningTaskCount"].map((name) => ofSession(watched, name));
    return { sources, math: difference, settles: startLimit };
  },
  agent_sessions_restarts_total: (watched) => ({
    sources: [counted(watched, "AgentStarted")],
    // A roll-out starts each task of a pool once, and all of them write to one log group.
    ...(watched.tasks !== undefined && { math: (started) => `(${started} - ${watched.tasks})` }),
  }),
  agent_sessions_egress_requests_total: (watched) => ({
    // The proxy is all sessions' own, and its lines say whose they are.
    sources: [{ namespace: logNamespace(watched), metricName: "EgressDenied", dimensions: { session: watched.session }, fill: 0 }],
  }),
  agent_sessions_credential_requests_total: (watched, { code = "" }) => ({ sources: [counted(watched, `ModelAnswered${code}`)] }),
  agent_sessions_credential_request_seconds: (watched) => ({
    sources: [counted(watched, "ModelMilliseconds")],
    math: (milliseconds) => `${milliseconds} / 1000`,
  }),
  agent_sessions_credential_proxy_up: (watched) => ({
    sources: [insights(watched, "RunningTaskCount", credentialProxyName(watched.session))],
    settles: startLimit,
    // It runs on while its session is stopped.
    always: true,
  }),
  // Nothing that arrives is what stands for silence.
  agent_sessions_collection_failed: (watched) => ({
    sources: [insights(watched, "TaskCount")],
    math: (count) => `${count} * 0`,
    settles: startLimit,
    always: true,
  }),
};

/** @throws Error for what nothing on Fargate measures */
export function figureOf(metric: Metric, watched: Watched, labels: Labels): Figure {
  const figure = figures[metric]?.(watched, labels);
  if (figure === undefined) throw new Error(`nothing on Fargate measures ${metric}`);
  return figure;
}

/** What `aws.cloudwatch.LogMetricFilter` takes, as plain values. */
export interface MetricFilterInputs {
  readonly name: string;
  readonly logGroupName: string;
  readonly pattern: string;
  readonly metricTransformation: {
    readonly name: string;
    readonly namespace: string;
    readonly value: string;
    readonly dimensions?: Readonly<Record<string, string>>;
    readonly unit?: string;
  };
}

/** A session, as far as its logs are counted. */
export interface CountedSession {
  readonly id: string;
  /** It has a credential proxy of its own. */
  readonly credentialProxy: boolean;
  /** How many tasks a pool has at most. @default it is no pool */
  readonly tasks?: number;
}

/** What a session says of itself; it could say it falsely, of itself alone. */
const sessionPatterns = { AgentStarted: '"session: the agent runs:"', SessionFailed: '"session: failed:"' } as const;

const answered = (most: number) => `{ $.status >= ${most - 99} && $.status <= ${most} }`;
const proxyPatterns = {
  KeyRefused: "{ $.status = 401 || $.status = 403 }",
  ModelAnswered2xx: answered(299),
  ModelAnswered4xx: answered(499),
  ModelAnswered5xx: answered(599),
} as const;

/** What is counted in the logs of one session, and of what adds its key. */
export function sessionFilters(owner: Owner, { id, credentialProxy }: CountedSession): MetricFilterInputs[] {
  const watched = { ...owner, session: id };
  const filter = (of: string, name: string, pattern: string, value = "1"): MetricFilterInputs => {
    const { namespace, metricName } = counted(watched, name);
    return {
      name: accountName(owner, `${id}-${name}`),
      logGroupName: logGroupName(owner, of),
      pattern,
      metricTransformation: { name: metricName, namespace, value, unit: value === "1" ? "Count" : "Milliseconds" },
    };
  };
  const proxy = `${id}-credential-proxy`;
  return [
    ...Object.entries(sessionPatterns).map(([name, pattern]) => filter(id, name, pattern)),
    ...(credentialProxy
      ? [
          ...Object.entries(proxyPatterns).map(([name, pattern]) => filter(proxy, name, pattern)),
          filter(proxy, "ModelMilliseconds", "{ $.answered >= 0 }", "$.answered"),
        ]
      : []),
  ];
}

/** What is counted in the record of the proxy that all sessions share; what verify tries is left out. @param group its log group */
export function egressFilter(owner: Owner, group: string): MetricFilterInputs {
  const denied = verdicts.filter((verdict) => verdict !== "allowed" && verdict !== "audited");
  return {
    name: accountName(owner, "EgressDenied"),
    logGroupName: group,
    pattern: `{ ($.by != "verify") && (${denied.map((verdict) => `$.verdict = "${verdict}"`).join(" || ")}) }`,
    metricTransformation: {
      name: "EgressDenied",
      namespace: logNamespace(owner),
      value: "1",
      dimensions: { session: "$.session" },
      unit: "Count",
    },
  };
}

import type { Metric } from "./metrics.ts";
import { evaluationSeconds, type RecordingRule, type Rule, type RuleGroups, toRuleGroups } from "./prometheus-rules.ts";

/**
 * The alerts in a cluster, whose own Prometheus measures: what kubelets (cAdvisor) and kube-state-metrics hand it is recorded under
 * the names that alerts and dashboards use, with the session and the stack on each.
 */

/** Alerts that nothing in a cluster measures, and why. */
export const notInClusters: Readonly<Record<string, string>> = {
  EgressDeniedBurst: "the egress proxy's record is a file that no Prometheus reads; sessions egress shows it",
  SessionFailed: "a session that has failed is not ready, so that SessionUnhealthy is raised; sessions list says that it failed",
  CredentialRefused: "only the session knows; sessions list shows it, and the session counts as not ready",
  CredentialProxyErrors: "the credential proxy serves its session alone and hands its figures to nobody",
  CredentialProxySlow: "the credential proxy serves its session alone and hands its figures to nobody",
  GatewayErrors: "a cluster has no gateway of this project; its own way in has figures of its own",
  GatewaySlow: "a cluster has no gateway of this project; its own way in has figures of its own",
  GatewayDown: "a cluster has no gateway of this project; its own way in has figures of its own",
  NodeDiskHigh: "nodes are the cluster's, whose own alerts watch them; a kubelet evicts before its disk is full",
  CleanupFailed: "a cluster removes what a stack no longer has by itself",
  CleanupOverdue: "a cluster removes what a stack no longer has by itself",
};

/** Where sessions are, and the labels of their figures. */
export interface WatchedCluster {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The rules of a stack: those that record first. */
export function toClusterRules(watched: WatchedCluster): RuleGroups<Rule | RecordingRule> {
  const { namespace, labels } = watched;
  const records = Object.entries(recordings(namespace)).flatMap(([record, exprs]) => exprs.map((expr) => ({ record, expr, labels })));
  const { single, pool } = workloads(namespace);
  // They stay while people have stopped them.
  const silence = `time() * absent(${single("kube_statefulset_replicas")} or ${pool("kube_deployment_spec_replicas")})`;
  const { groups } = toRuleGroups({ labels, without: Object.keys(notInClusters), silence });
  return { groups: [{ name: "agent-sessions-records", interval: `${evaluationSeconds}s`, rules: records }, ...groups] };
}

/** Seconds in which a session has to start, clones of its repositories included: until then it is not unwell. */
const startLimit = 600;

/** Bytes of a claim for logs, at the most, of which it is believed that its file system is its own. */
const mostLogs = 10 * 1024 ** 3;

/**
 * Figures of what keeps sessions running, which is there while no pod is: no node, image, quota or room for one. A pool whose id ends
 * as proxies are named is known by its pods alone.
 */
const workloads = (namespace: string) => ({
  single: (metric: string) => `${metric}{namespace="${namespace}",statefulset=~"claude-agent-.+"}`,
  pool: (metric: string) => `${metric}{namespace="${namespace}",deployment=~"claude-agent-.+",deployment!~".+-proxy"}`,
});

/** In no moment of the last minutes there were as many that are ready as were wanted in all of them. People stop and scale. */
const missing = (ready: string, wanted: string, created: string) =>
  `(max_over_time(${ready}[${startLimit}s]) < bool min_over_time(${wanted}[${startLimit}s])) * (time() - ${created} > bool ${startLimit})`;

/** Every figure that alerts ask for, as the cluster has it. */
function recordings(namespace: string): Partial<Record<Metric, readonly string[]>> {
  const session = `namespace="${namespace}",container="session"`;
  const limit = (resource: string) => `max by (pod) (kube_pod_container_resource_limits{${session},resource="${resource}"})`;
  const of = (name: string, more = "") => `${name}{${session}${more}}`;
  const claims = (metric: string, place: string) =>
    `max by (persistentvolumeclaim) (${metric}{namespace="${namespace}",persistentvolumeclaim=~"claude-agent-.+-${place}"})`;
  // A claim on a file system that others use as well is told with the figures of all of it.
  const ownLogs = `${claims("kubelet_volume_stats_used_bytes", "logs")} and ${claims("kubelet_volume_stats_capacity_bytes", "logs")} < ${mostLogs}`;
  const join = "on (namespace, pod, container)";
  const up = `(time() - ${of("kube_pod_container_state_started")} > bool ${startLimit})`;
  const unready = `(1 - ${of("kube_pod_container_status_ready")}) * ${join} ${of("kube_pod_container_status_running")} * ${join} ${up}`;
  const { single, pool } = workloads(namespace);
  const noneReady = missing(
    single("kube_statefulset_status_replicas_ready"),
    single("kube_statefulset_replicas"),
    single("kube_statefulset_created"),
  );
  const tooFew = missing(
    pool("kube_deployment_status_replicas_available"),
    pool("kube_deployment_spec_replicas"),
    pool("kube_deployment_created"),
  );
  const unwell = [
    bySession(`max by (pod) (${unready})`),
    labelled(`max by (statefulset) (${noneReady})`, "statefulset", "claude-agent-(.+)"),
    labelled(`max by (deployment) (${tooFew})`, "deployment", "claude-agent-(.+)"),
  ].join(" or ");
  const killed = `${of("kube_pod_container_status_restarts_total")} * ${join} ${of("kube_pod_container_status_last_terminated_reason", ',reason="OOMKilled"')}`;
  return {
    agent_sessions_memory_bytes: [bySession(`max by (pod) (${of("container_memory_working_set_bytes")})`)],
    agent_sessions_memory_limit_bytes: [bySession(limit("memory"))],
    agent_sessions_cpu_ratio: [bySession(`sum by (pod) (rate(${of("container_cpu_usage_seconds_total")}[2m])) / ${limit("cpu")}`)],
    agent_sessions_disk_bytes: ["workspace", "session", "logs"].map((place) =>
      withPlace(byClaim(place === "logs" ? ownLogs : claims("kubelet_volume_stats_used_bytes", place), place), place),
    ),
    agent_sessions_disk_limit_bytes: [
      `sum by (session) (${byClaim(claims("kubelet_volume_stats_capacity_bytes", "(workspace|session)"), "(workspace|session)")})`,
    ],
    // What ended a container is counted by its starts, as the series of an ended one is over; a program in it by the kernel.
    agent_sessions_oom_kills_total: [bySession(`sum by (pod) (${of("container_oom_events_total")} or ${killed})`)],
    agent_sessions_session_state: [withState(`max by (session) (${unwell})`, "unhealthy")],
    agent_sessions_restarts_total: [bySession(`max by (pod) (${of("kube_pod_container_status_restarts_total")})`)],
    agent_sessions_credential_proxy_up: [
      labelled(
        `clamp_max(max by (deployment) (kube_deployment_status_replicas_available{namespace="${namespace}",deployment=~"claude-agent-.+-credential-proxy"}), 1)`,
        "deployment",
        "claude-agent-(.+)-credential-proxy",
      ),
    ],
  };
}

/** A figure with its session, which an object is named after. */
const labelled = (expr: string, label: string, pattern: string) => `label_replace(${expr}, "session", "$1", "${label}", "${pattern}")`;

/** A session's pod ends in its number, one of a pool in what its Deployment gives it. */
const bySession = (expr: string) => labelled(expr, "pod", "claude-agent-(.+?)(?:-0|-[a-z0-9]{6,10}-[a-z0-9]{5})");

const byClaim = (expr: string, place: string) => labelled(expr, "persistentvolumeclaim", `claude-agent-(.+)-${place}`);
const withPlace = (expr: string, place: string) => `label_replace(sum by (session) (${expr}), "place", "${place}", "", "")`;
const withState = (expr: string, state: string) => `label_replace(${expr}, "state", "${state}", "", "")`;

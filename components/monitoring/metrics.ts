/** What the supervisor measures and hands to whoever keeps it, by the names that alerts and dashboards use. */

/** Of one session: labels `session`, `stack` and `strategy` beside their own. */
export const sessionMetrics = [
  "agent_sessions_session_info",
  "agent_sessions_session_state",
  "agent_sessions_cpu_seconds_total",
  "agent_sessions_cpu_limit_cores",
  "agent_sessions_cpu_ratio",
  "agent_sessions_memory_bytes",
  "agent_sessions_memory_limit_bytes",
  "agent_sessions_processes",
  "agent_sessions_processes_limit",
  "agent_sessions_disk_bytes",
  "agent_sessions_disk_limit_bytes",
  "agent_sessions_network_receive_bytes_total",
  "agent_sessions_network_transmit_bytes_total",
  "agent_sessions_block_read_bytes_total",
  "agent_sessions_block_written_bytes_total",
  "agent_sessions_restarts_total",
  "agent_sessions_oom_kills_total",
  "agent_sessions_egress_requests_total",
  "agent_sessions_credential_requests_total",
  "agent_sessions_credential_request_seconds",
  "agent_sessions_credential_proxy_up",
] as const;

/** Of the stack, its gateway, its node and the supervisor itself: labels `stack` and `strategy`. */
export const stackMetrics = [
  "agent_sessions_cleanup_last_run_timestamp_seconds",
  "agent_sessions_cleanup_next_run_timestamp_seconds",
  "agent_sessions_cleanup_failed",
  "agent_sessions_gateway_requests_total",
  "agent_sessions_gateway_request_seconds",
  "agent_sessions_gateway_up",
  "agent_sessions_node_cpu_ratio",
  "agent_sessions_node_memory_bytes",
  "agent_sessions_node_memory_available_bytes",
  "agent_sessions_node_disk_bytes",
  "agent_sessions_node_disk_free_bytes",
  "agent_sessions_node_load1",
  "agent_sessions_collection_seconds",
  "agent_sessions_collection_timestamp_seconds",
  "agent_sessions_collection_failed",
] as const;

export type SessionMetric = (typeof sessionMetrics)[number];
export type StackMetric = (typeof stackMetrics)[number];
export type Metric = SessionMetric | StackMetric;

/** The scrape job whose target is the supervisor. */
export const supervisorJob = "supervisor";

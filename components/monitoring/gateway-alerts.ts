import type { Alert } from "./alert.ts";

/** What is worth knowing of the entrance of a server: the same of its services as of a credential proxy. */
export const gatewayAlerts: readonly Alert[] = [
  {
    name: "GatewayErrors",
    of: "stack",
    severity: "warning",
    quantity: {
      kind: "ratio",
      part: { kind: "growth", metric: "agent_sessions_gateway_requests_total", where: { code: "5xx" }, window: 300, over: ["code"] },
      whole: {
        kind: "growth",
        metric: "agent_sessions_gateway_requests_total",
        where: { code: ["2xx", "3xx", "4xx", "5xx"] },
        window: 300,
        over: ["code"],
      },
    },
    operator: ">",
    threshold: 0.05,
    holds: 30,
    summary: "{{value}} of the requests to {{service}} by way of the gateway fail",
    unit: "percent",
    description: "In the last five minutes so many were answered by an error of that service, or it was not reached at all.",
  },
  {
    name: "GatewaySlow",
    of: "stack",
    severity: "warning",
    quantity: { kind: "quantile", metric: "agent_sessions_gateway_request_seconds", quantile: 0.95, window: 300 },
    operator: ">",
    threshold: 2,
    holds: 30,
    summary: "{{service}} takes {{value}} to answer by way of the gateway",
    unit: "seconds",
    description: "One request in twenty took longer than that in the last five minutes.",
  },
  {
    name: "GatewayDown",
    of: "stack",
    severity: "critical",
    quantity: { kind: "latest", metric: "agent_sessions_gateway_up" },
    operator: "<",
    threshold: 1,
    holds: 20,
    summary: "The gateway is down",
    unit: "none",
    description: "Nobody comes in from elsewhere. The engine starts it again; its log says why it ended. Sessions go on.",
  },
];

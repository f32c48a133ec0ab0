import { sessionLabels, servingLabels } from "../../components/cluster/labels.ts";
import { containerName } from "../../components/session.ts";
import type { ApiServer, ClusterObject } from "./api-server.ts";

/** The stack that the imitated cluster holds. */
export const owner = { project: "agent-sessions", stack: "far" };
export const namespace = "agent-sessions-far";

/** Where objects of a kind are. */
export const at = (plural: string, group = "api/v1") => `/${group}/namespaces/${namespace}/${plural}`;
export const paths = {
  pods: at("pods"),
  statefulSets: at("statefulsets", "apis/apps/v1"),
  deployments: at("deployments", "apis/apps/v1"),
  policies: at("networkpolicies", "apis/networking.k8s.io/v1"),
  claims: at("persistentvolumeclaims"),
  jobs: at("jobs", "apis/batch/v1"),
  events: at("events"),
} as const;

type Fields = Record<string, unknown>;

/** What a session's pods are made from. */
function podSpec(name: string): Fields {
  const claim = (kind: string) => ({ name: `${name}-${kind}`, persistentVolumeClaim: { claimName: `${name}-${kind}` } });
  const volumes = ["workspace", "session", "logs"].map(claim);
  return {
    automountServiceAccountToken: false,
    serviceAccountName: name,
    securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, seccompProfile: { type: "RuntimeDefault" } },
    volumes: [...volumes, { name: `${name}-tmp`, emptyDir: { medium: "Memory" } }],
    containers: [
      {
        name: "session",
        image: "sessions@sha256:0000",
        securityContext: { readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
        env: [
          { name: "SESSION_REPOSITORIES", value: "widgets" },
          { name: "SESSION_DISK_LIMIT", value: "1000" },
        ],
        resources: { limits: { memory: "4Gi", cpu: "1500m" } },
        volumeMounts: [
          ...volumes.map(({ name: volume }) => ({ name: volume, mountPath: `/${volume.split("-").at(-1)}` })),
          { name: `${name}-tmp`, mountPath: "/tmp" },
        ],
      },
    ],
  };
}

const running = {
  phase: "Running",
  podIPs: [{ ip: "10.1.0.7" }],
  conditions: [{ type: "Ready", status: "True" }],
  containerStatuses: [{ name: "session", ready: true, restartCount: 0, state: { running: {} } }],
};

/** Puts a session there, with the pods that its workload would make. */
export function putSession(api: ApiServer, id: string, { pool = 0 } = {}): void {
  const name = containerName(id);
  const labels = { ...sessionLabels({ ...owner, sessionId: id }, "session") };
  const spec = podSpec(name);
  const workload = {
    metadata: { name, labels, uid: `uid-${name}`, generation: 1, creationTimestamp: "2026-01-02T03:04:05Z" },
    spec: { replicas: pool || 1, template: { metadata: { labels }, spec } },
  };
  api.put(pool > 0 ? paths.deployments : paths.statefulSets, workload);
  for (let number = 0; number < (pool || 1); number += 1) putPod(api, id, `${name}-${number}`);
  for (const kind of ["workspace", "session", "logs"])
    api.put(paths.claims, {
      metadata: { name: `${name}-${kind}`, uid: `uid-${name}-${kind}`, labels: { ...sessionLabels({ ...owner, sessionId: id }, kind) } },
      status: { capacity: { storage: "1Gi" } },
    });
  api.put(paths.policies, policy(name, labels, []));
}

/** @param status in the place of that of a pod that is well */
export function putPod(api: ApiServer, id: string, name: string, status: Fields = running): ClusterObject {
  const labels = { ...sessionLabels({ ...owner, sessionId: id }, "session") };
  const pod = {
    metadata: { name, labels, uid: `uid-${name}-${Math.random()}` },
    spec: { ...podSpec(containerName(id)), nodeName: "node-1" },
    status,
  };
  api.put(paths.pods, pod);
  return pod;
}

/** Puts the proxy of an allow list there, and the policy that leads to it alone. */
export function putProxy(api: ApiServer, id: string, rules = "http_access allow listed"): void {
  const name = `${containerName(id)}-proxy`;
  const labels = { ...servingLabels({ ...owner, sessionId: id }, "egress-proxy") };
  const status = { ...running, containerStatuses: [{ name: "egress-proxy", state: { running: {} }, restartCount: 0, ready: true }] };
  api.put(paths.pods, {
    metadata: { name: `${name}-1`, labels, uid: name },
    spec: { containers: [{ name: "egress-proxy", env: [{ name: "EGRESS_RULES", value: rules }] }] },
    status,
  });
  const to = [{ podSelector: { matchLabels: labels } }];
  const own = { ...sessionLabels({ ...owner, sessionId: id }, "session") };
  api.put(paths.policies, policy(containerName(id), own, [{ to, ports: [{ port: 3128, protocol: "TCP" }] }]));
}

export const policy = (
  name: string,
  matchLabels: Record<string, string>,
  egress: readonly unknown[],
  labels = matchLabels,
): ClusterObject => ({
  metadata: { name, labels },
  spec: { podSelector: { matchLabels }, policyTypes: ["Ingress", "Egress"], egress },
});

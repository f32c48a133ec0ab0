/** A deployment with what a chart for an ingress controller brings along: a daemon set, roles, bindings, a load balancer. */
import type { Resource } from "../../../policy/evaluate.ts";
import { resource } from "../fixtures.ts";

const inNamespace = (name: string, labels: Record<string, string> = {}) => ({ name, namespace: "shop", labels });

export const kubernetesApp: readonly Resource[] = [
  resource("kubernetes:core/v1:Namespace", "shop", { metadata: { name: "shop" } }),
  resource("kubernetes:apps/v1:Deployment", "web", {
    metadata: inNamespace("web"),
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: {
          containers: [
            {
              name: "web",
              image: "nginx:1.25",
              ports: [{ containerPort: 80 }],
              env: [{ name: "API_KEY", value: "not-to-be-printed" }],
              resources: { requests: { cpu: "100m" } },
            },
          ],
        },
      },
    },
  }),
  resource("kubernetes:core/v1:Service", "web", {
    metadata: inNamespace("web"),
    spec: { type: "LoadBalancer", selector: { app: "web" }, ports: [{ port: 80 }] },
  }),
  resource("kubernetes:core/v1:ServiceAccount", "controller", { metadata: inNamespace("controller") }),
  resource("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "controller", {
    metadata: { name: "controller" },
    rules: [
      { apiGroups: [""], resources: ["secrets", "pods"], verbs: ["get", "list", "watch"] },
      { apiGroups: ["extensions", "*"], resources: ["ingresses"], verbs: ["*"] },
    ],
  }),
  resource("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", "controller", {
    metadata: { name: "controller" },
    roleRef: { kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "ServiceAccount", name: "controller", namespace: "shop" }],
  }),
  resource("kubernetes:apps/v1:DaemonSet", "controller", {
    metadata: inNamespace("controller"),
    spec: {
      selector: { matchLabels: { app: "controller" } },
      template: {
        metadata: { labels: { app: "controller" } },
        spec: {
          serviceAccountName: "controller",
          hostNetwork: true,
          initContainers: [
            {
              name: "sysctl",
              image: "busybox",
              command: ["sysctl", "-w", "net.core.somaxconn=1024"],
              securityContext: { privileged: true },
            },
          ],
          containers: [
            {
              name: "controller",
              image: "registry.example.com/controller:v1.9.4",
              ports: [{ containerPort: 443, hostPort: 443 }],
              securityContext: {
                runAsUser: 101,
                allowPrivilegeEscalation: true,
                capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] },
              },
              livenessProbe: { httpGet: { path: "/healthz", port: 10254 } },
              readinessProbe: { httpGet: { path: "/healthz", port: 10254 } },
              volumeMounts: [{ name: "logs", mountPath: "/var/log" }],
            },
          ],
          volumes: [{ name: "logs", hostPath: { path: "/var/log" } }],
        },
      },
    },
  }),
];

/** What is found at level local: rule, name of the resource, severity. */
export const kubernetesAppFindings = [
  "CTR-001 controller medium",
  "CTR-001 controller medium",
  "CTR-001 web medium",
  "CTR-002 controller high",
  "CTR-002 controller high",
  "CTR-002 web high",
  "CTR-005 controller medium",
  "CTR-005 web medium",
  "CTR-006 controller critical",
  "CTR-007 controller medium",
  "CTR-007 web medium",
  "CTR-008 controller high",
  "CTR-013 controller medium",
  "CTR-016 controller medium",
  "CTR-016 controller medium",
  "CTR-016 web medium",
  "CTR-021 controller medium",
  "CTR-021 controller medium",
  "CTR-021 web medium",
  "CTR-022 controller low",
  "CTR-022 controller low",
  "CTR-022 web low",
  "CTR-024 controller low",
  "CTR-024 controller low",
  "CTR-024 web low",
  "CTR-026 web high",
  "CTR-029 controller low",
  "CTR-031 web medium",
  "CTR-031 web medium",
  "CTR-032 controller low",
  "CTR-033 controller high",
  "CTR-033 controller low",
  "CTR-033 web low",
  "K8S-002 shop medium",
  "K8S-003 controller medium",
  "K8S-003 web medium",
  "K8S-004 web medium",
  "K8S-005 controller high",
  "K8S-006 controller critical",
  "K8S-007 controller high",
  "K8S-010 controller critical",
  "K8S-012 controller high",
  "K8S-012 web high",
  "K8S-015 shop low",
  "K8S-015 shop low",
  "K8S-016 controller medium",
  "K8S-022 web medium",
  "K8S-027 web low",
  "K8S-027 web low",
  "K8S-028 controller low",
  "K8S-028 web low",
];

import {
  changed,
  clusterService,
  deployment,
  ingress,
  job,
  limitRange,
  namespaceResource,
  podNetworkPolicy,
  quota,
  resource,
  role,
  roleBinding,
  serviceAccount,
} from "../fixtures.ts";
import { type Case, pod, podContainer, rule, unknown } from "./case.ts";

const rules = (...list: Record<string, unknown>[]) => changed(role, { rules: list.map((one) => ({ apiGroups: [""], ...one })) });
const egress = (...list: unknown[]) => changed(podNetworkPolicy, { "spec/egress": list });
/** The world, and what should have been left out of it. */
const twice = ["NetworkPolicy alpha", "NetworkPolicy alpha"];
const enforce = "pod-security.kubernetes.io/enforce";
const unsaidToken = pod({ automountServiceAccountToken: undefined });
const twoReplicas = changed(deployment, { "spec/replicas": 2 });

export const cases: Case[] = [
  ...rule("K8S-001")
    .broken("default", changed(deployment, { "metadata/namespace": "default" }))
    .broken("unsaid", changed(deployment, { "metadata/namespace": undefined }))
    .broken("kube-system", changed(deployment, { "metadata/namespace": "kube-system" }))
    .unknown(changed(deployment, { "metadata/namespace": unknown })).cases,
  ...rule("K8S-002")
    .broken("no label", changed(namespaceResource, { "metadata/labels": {} }))
    .broken("baseline", changed(namespaceResource, { "metadata/labels": { [enforce]: "baseline" } }))
    .broken("privileged", changed(namespaceResource, { "metadata/labels": { [enforce]: "privileged" } }), "high")
    .broken(
      "an old version",
      changed(namespaceResource, { "metadata/labels": { [enforce]: "restricted", [`${enforce}-version`]: "v1.24" } }),
    )
    .unknown(changed(namespaceResource, { "metadata/labels": unknown })).cases,
  ...rule("K8S-003")
    .broken("true", pod({ automountServiceAccountToken: true }))
    .broken("unsaid", unsaidToken)
    .broken("unsaid by both", [unsaidToken, changed(serviceAccount, { automountServiceAccountToken: undefined })])
    .broken("an account elsewhere", [unsaidToken, changed(serviceAccount, { "metadata/namespace": "other" })])
    .broken("projected", pod({ volumes: [{ name: "t", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } }] }))
    .unknown(pod({ automountServiceAccountToken: unknown }))
    .finds({ at: ["Deployment alpha", "stack"] }).cases,
  ...rule("K8S-004")
    .broken("used", pod({ serviceAccountName: undefined, automountServiceAccountToken: undefined }))
    .broken("bound", changed(roleBinding, { subjects: [{ kind: "ServiceAccount", name: "default" }] }))
    .unknown(changed(roleBinding, { subjects: unknown })).cases,
  ...["hostPath", "nfs", "iscsi", "gitRepo"].flatMap(
    (type) => rule("K8S-005").broken(type, pod({ volumes: [{ name: "x", [type]: {} }] })).cases,
  ),
  ...rule("K8S-005").unknown(pod({ volumes: unknown })).cases,
  ...rule("K8S-006")
    .broken("verbs", rules({ resources: ["pods"], verbs: ["*"] }))
    .broken("resources", rules({ resources: ["*"], verbs: ["get"] }))
    .broken("groups", rules({ apiGroups: ["*"], resources: ["x"], verbs: ["get"] }))
    .broken("URLs", rules({ nonResourceURLs: ["*"], verbs: ["get"] }))
    .broken("aggregation", {
      ...changed(role, { aggregationRule: { clusterRoleSelectors: [{}] } }),
      type: "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
    })
    .broken("verbs on what any controller has", rules({ resources: ["configmaps"], verbs: ["*"] }), "medium")
    .broken("an added API", rules({ apiGroups: ["example.com"], resources: ["*"], verbs: ["*"] }), "medium")
    .advised("reading an added API", rules({ apiGroups: ["metrics.k8s.io"], resources: ["*"], verbs: ["get"] }))
    .unknown(changed(role, { rules: unknown })).cases,
  ...["get", "list", "watch", "*"].flatMap((verb) => rule("K8S-007").broken(verb, rules({ resources: ["secrets"], verbs: [verb] })).cases),
  ...rule("K8S-007").unknown(rules({ resources: unknown, verbs: ["get"] })).cases,
  ...["pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers", "pods/*", "*/exec", "services/proxy"].flatMap(
    (name) => rule("K8S-008").broken(name, rules({ resources: [name], verbs: ["create"] })).cases,
  ),
  ...rule("K8S-008").unknown(rules({ resources: [unknown], verbs: ["create"] })).cases,
  ...["escalate", "bind", "impersonate"].flatMap(
    (verb) => rule("K8S-009").broken(verb, rules({ resources: ["roles"], verbs: [verb] })).cases,
  ),
  ...rule("K8S-009")
    .broken("tokens", rules({ resources: ["serviceaccounts/token"], verbs: ["create"] }))
    .broken("pods in kube-system", changed(rules({ resources: ["pods"], verbs: ["create"] }), { "metadata/namespace": "kube-system" }))
    .unknown(rules({ resources: ["roles"], verbs: unknown })).cases,
  ...rule("K8S-010")
    .broken("cluster-admin", changed(roleBinding, { roleRef: { kind: "ClusterRole", name: "cluster-admin" } }))
    .broken("admin", changed(roleBinding, { roleRef: { kind: "ClusterRole", name: "admin" } }), "medium")
    .broken("edit", changed(roleBinding, { roleRef: { kind: "ClusterRole", name: "edit" } }), "medium")
    .broken("a controller's", changed(roleBinding, { roleRef: { kind: "ClusterRole", name: "system:controller:job-controller" } }), "high")
    .unknown(changed(roleBinding, { roleRef: { kind: "ClusterRole", name: unknown } })).cases,
  ...["anonymous", "unauthenticated", "authenticated", "masters", "serviceaccounts", "serviceaccounts:default"].flatMap(
    (name) => rule("K8S-011").broken(name, changed(roleBinding, { subjects: [{ kind: "Group", name: `system:${name}` }] })).cases,
  ),
  ...rule("K8S-011")
    .advised("a look at something without a login", [
      changed(roleBinding, { subjects: [{ kind: "Group", name: "system:anonymous" }] }),
      rules({ resources: ["configmaps"], resourceNames: ["cluster-info"], verbs: ["get"] }),
    ])
    .unknown(changed(roleBinding, { subjects: [{ kind: "Group", name: unknown }] }))
    .finds({ at: ["stack"] }).cases,
  ...rule("K8S-012")
    .broken("none", deployment)
    .broken("in another namespace", [deployment, changed(podNetworkPolicy, { "metadata/namespace": "other" })])
    .broken("for other pods", [deployment, changed(podNetworkPolicy, { "spec/podSelector": { matchLabels: { app: "other" } } })])
    .broken("for others by expression", [
      deployment,
      changed(podNetworkPolicy, {
        "spec/podSelector": { matchExpressions: [{ key: "app", operator: "NotIn", values: ["alpha"] }] },
      }),
    ])
    .unknown([deployment, changed(podNetworkPolicy, { "spec/podSelector": unknown })])
    .finds({ at: ["stack"] }).cases,
  ...rule("K8S-013")
    .broken("egress not covered", changed(podNetworkPolicy, { "spec/policyTypes": ["Ingress"] }))
    .broken("an empty rule", egress({}))
    .broken("ports without a peer", egress({ ports: [{ port: 443 }] }))
    .broken("the world", egress({ to: [{ ipBlock: { cidr: "0.0.0.0/0" } }] }))
    .finds({ at: twice })
    .broken("the world in halves", egress({ to: [{ ipBlock: { cidr: "0.0.0.0/1" } }, { ipBlock: { cidr: "128.0.0.0/1" } }] }))
    .finds({ at: twice })
    .broken("IPv6", egress({ to: [{ ipBlock: { cidr: "::/0" } }] }))
    .finds({ at: twice })
    .broken("every namespace", egress({ to: [{ namespaceSelector: {} }] }))
    .broken("names from everywhere", egress({ ports: [{ port: 53, protocol: "UDP" }] }), "medium")
    .unknown(egress({ to: [{ ipBlock: { cidr: unknown } }] }))
    .finds({ at: ["NetworkPolicy alpha", "stack"] }).cases,
  ...rule("K8S-014")
    .broken("everybody", changed(podNetworkPolicy, { "spec/ingress": [{}] }))
    .broken("the world", changed(podNetworkPolicy, { "spec/ingress": [{ from: [{ ipBlock: { cidr: "0.0.0.0/0" } }] }] }))
    .unknown(changed(podNetworkPolicy, { "spec/ingress": unknown })).cases,
  ...rule("K8S-015")
    .broken("no quota", [namespaceResource, limitRange])
    .broken("no limits", [namespaceResource, quota])
    .unknown([changed(namespaceResource, { "metadata/name": unknown }), quota, limitRange])
    .finds({ at: ["stack"] }).cases,
  ...rule("K8S-016")
    .broken("a port", podContainer({ ports: [{ containerPort: 8080, hostPort: 8080 }] }))
    .unknown(podContainer({ ports: unknown })).cases,
  ...rule("K8S-017")
    .broken("the container", podContainer({ "securityContext/windowsOptions": { hostProcess: true } }))
    .broken("the pod", pod({ "securityContext/windowsOptions": { hostProcess: true } }))
    .unknown(pod({ "securityContext/windowsOptions": unknown })).cases,
  ...rule("K8S-018")
    .broken("a probe", podContainer({ readinessProbe: { httpGet: { host: "10.0.0.1", port: 80 } } }))
    .broken("a socket", podContainer({ startupProbe: { tcpSocket: { host: "10.0.0.1", port: 80 } } }))
    .broken("a hook", podContainer({ lifecycle: { preStop: { httpGet: { host: "10.0.0.1", port: 80 } } } }))
    .unknown(podContainer({ readinessProbe: unknown })).cases,
  ...rule("K8S-021")
    .broken("shared", pod({ shareProcessNamespace: true }))
    .unknown(pod({ shareProcessNamespace: unknown })).cases,
  ...rule("K8S-022")
    .broken("NodePort", changed(clusterService, { "spec/type": "NodePort" }))
    .broken("LoadBalancer", changed(clusterService, { "spec/type": "LoadBalancer" }))
    .broken("addresses", changed(clusterService, { "spec/externalIPs": ["1.2.3.4"] }))
    .unknown(changed(clusterService, { "spec/type": unknown })).cases,
  ...rule("K8S-023")
    .broken("no TLS", changed(ingress, { "spec/tls": undefined }))
    .broken("a snippet", changed(ingress, { "metadata/annotations": { "nginx.ingress.kubernetes.io/configuration-snippet": "x" } }), "high")
    .unknown(changed(ingress, { "spec/tls": unknown })).cases,
  ...rule("K8S-025")
    .broken("a node", pod({ nodeName: "x" }))
    .broken("a priority", pod({ priorityClassName: "system-node-critical" }))
    .broken("the control plane", pod({ tolerations: [{ key: "node-role.kubernetes.io/control-plane" }] }))
    .broken("everything", pod({ tolerations: [{ operator: "Exists" }] }))
    .unknown(pod({ nodeName: unknown })).cases,
  ...["activeDeadlineSeconds", "ttlSecondsAfterFinished", "backoffLimit"].flatMap(
    (limit) => rule("K8S-026").broken(limit, changed(job, { [`spec/${limit}`]: undefined })).cases,
  ),
  ...rule("K8S-026")
    .broken("a cron job", resource("kubernetes:batch/v1:CronJob", "x", { spec: { jobTemplate: { spec: {} } } }))
    .finds({ at: Array(3).fill("CronJob x") })
    .unknown(changed(job, { "spec/backoffLimit": unknown })).cases,
  ...rule("K8S-027")
    .broken("all at once", changed(deployment, { "spec/strategy": { type: "Recreate" } }))
    .broken("on one node and without a budget", twoReplicas)
    .finds({ at: ["Deployment alpha", "Deployment alpha"] })
    .broken("no budget", changed(twoReplicas, { "spec/template/spec/topologySpreadConstraints": [{}] }))
    .unknown(changed(deployment, { "spec/replicas": unknown }))
    .finds({ at: ["Deployment alpha", "stack"] }).cases,
  ...rule("K8S-028")
    .broken("unsaid", pod({ enableServiceLinks: undefined }))
    .unknown(pod({ enableServiceLinks: unknown })).cases,
  ...rule("K8S-030")
    .broken("another name", changed(clusterService, { "spec/type": "ExternalName", "spec/externalName": "db.example.com" }))
    .broken(
      "the metadata service",
      changed(clusterService, { "spec/type": "ExternalName", "spec/externalName": "169.254.169.254" }),
      "high",
    )
    .finds({ beside: 1 })
    .unknown(changed(clusterService, { "spec/type": "ExternalName", "spec/externalName": unknown })).cases,
  ...rule("K8S-029")
    .broken("its namespace", rules({ resources: ["namespaces"], verbs: ["patch"] }))
    .unknown(rules({ resources: ["namespaces"], verbs: unknown })).cases,
];

import { expect, test } from "vitest";
import { treeOf, treeSessions } from "../support/tree.ts";

/** Each resource stands below the component that makes it, and each component hands out what is shown of it. */

test("on Swarm", async () => {
  expect((await treeOf({ strategy: "swarm", sessions: treeSessions })).join("\n")).toBe(onSwarm);
});

test("on Kubernetes", async () => {
  const digest = "0".repeat(64);
  const images = { session: `registry.example/session@sha256:${digest}`, egressProxy: `registry.example/proxy@sha256:${digest}` };
  const sessions = [...treeSessions, { id: "pool", pool: { replicas: 2 } }];
  const tree = await treeOf({ strategy: "kubernetes", kubernetes: { context: "test", images, monitoring: "operator" }, sessions });
  expect(tree.join("\n")).toBe(onKubernetes);
});

const onSwarm = `Credentials file [authority]
Credentials init [authority]
  CredentialFetch init-auth [container]
    Container init-auth-fetch
    Network init-auth-network
    SecretFile init-auth-secret [volume]
      Container init-auth-secret-carrier
      Volume init-auth-secret-volume
    Volume init-auth-volume
Credentials proxy [authority]
  CredentialProxy proxy-credential-proxy [service]
    Network proxy-credential-proxy-network
    Secret proxy-credential-proxy-secret-token
    Service proxy-credential-proxy-service
    Volume proxy-credential-proxy-volume
EgressProxy proxy [authority]
  Network proxy-edge
  Service proxy-proxy
HardenedImage egress-proxy [reference]
  Image egress-proxy-image
HardenedImage session [reference]
  Image session-image
IsolatedNetwork file []
  Network file-overlay
IsolatedNetwork init []
  Network init-overlay
IsolatedNetwork proxy []
  Network proxy-overlay
RepositoryClone agent-repository-r-5d006d52 [container]
  Container agent-repository-r-5d006d52-fetch
  Network agent-repository-r-5d006d52-network
  SecretFile agent-repository-r-5d006d52-secret [volume]
    Container agent-repository-r-5d006d52-secret-carrier
    Volume agent-repository-r-5d006d52-secret-volume
  Volume agent-repository-r-5d006d52-volume
SessionContainer file [authority, serviceId]
  Secret file-auth-token
  Service file-service
SessionContainer init [authority, serviceId]
  Service init-service
SessionContainer proxy [authority, serviceId]
  Service proxy-service
SessionVolumes file [volumes]
  Volume file-logs
  Volume file-session
  Volume file-workspace
SessionVolumes init [volumes]
  Volume init-logs
  Volume init-session
  Volume init-workspace
SessionVolumes proxy [volumes]
  Volume proxy-logs
  Volume proxy-session
  Volume proxy-workspace
docker swarm`;

const onKubernetes = `Credentials file [authority]
  Secret file-auth
Credentials init [authority]
  Secret init-fetch-secret
Credentials proxy [authority]
  CredentialProxy proxy-credential-proxy []
    Deployment proxy-credential-proxy-deployment
    Secret proxy-credential-proxy-secret
    Service proxy-credential-proxy-service
  NetworkPolicy proxy-credential-proxy-door-policy
  NetworkPolicy proxy-credential-proxy-policy
EgressProxy proxy [authority]
  EgressProxyPod proxy-proxy []
    Deployment proxy-proxy-deployment
    Service proxy-proxy-service
  NetworkPolicy proxy-proxy-policy
HardenedImage egress-proxy [reference]
HardenedImage session [reference]
IsolatedNetwork file []
  NetworkPolicy file-policy
IsolatedNetwork init []
  NetworkPolicy init-policy
IsolatedNetwork pool []
  NetworkPolicy pool-policy
IsolatedNetwork proxy []
  NetworkPolicy proxy-policy
Monitoring monitoring []
  PrometheusRule monitoring-rules
RepositoryClone agent-repository-r-5d006d52 []
  NetworkPolicy agent-repository-r-5d006d52-policy
  NetworkPolicy agent-repository-r-5d006d52-readers-policy
  RepositoryMirror agent-repository-r-5d006d52 []
    Deployment agent-repository-r-5d006d52-deployment
    Secret agent-repository-r-5d006d52-secret
    Service agent-repository-r-5d006d52-service
SessionContainer file [authority]
  PodDisruptionBudget file-disruptions
  Service file-service
  ServiceAccount file-account
  StatefulSet file-pods
SessionContainer init [authority]
  PodDisruptionBudget init-disruptions
  Service init-service
  ServiceAccount init-account
  StatefulSet init-pods
SessionContainer pool [authority]
  Deployment pool-pods
  PodDisruptionBudget pool-disruptions
  Service pool-service
  ServiceAccount pool-account
SessionContainer proxy [authority]
  PodDisruptionBudget proxy-disruptions
  Service proxy-service
  ServiceAccount proxy-account
  StatefulSet proxy-pods
SessionNamespace namespace []
  LimitRange namespace-limits
  Namespace namespace-namespace
  NetworkPolicy namespace-default-deny
  ResourceQuota namespace-quota
  ValidatingAdmissionPolicy namespace-admission
  ValidatingAdmissionPolicyBinding namespace-admission-binding
SessionVolumes file []
  PersistentVolumeClaim file-logs
  PersistentVolumeClaim file-session
  PersistentVolumeClaim file-workspace
SessionVolumes init []
  PersistentVolumeClaim init-logs
  PersistentVolumeClaim init-session
  PersistentVolumeClaim init-workspace
SessionVolumes pool []
SessionVolumes proxy []
  PersistentVolumeClaim proxy-logs
  PersistentVolumeClaim proxy-session
  PersistentVolumeClaim proxy-workspace
kubernetes cluster`;

import { afterAll, expect, test, vi } from "vitest";
import { treeOf, treeSessions } from "../support/tree.ts";

/** Each resource below the component that makes it, with its labels and what it waits for; each component with what it hands out. */

// The same with an engine here and without one.
vi.stubEnv("DOCKER_HOST", "unix:///nowhere/docker.sock");
afterAll(() => void vi.unstubAllEnvs());

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
    Container init-auth-fetch {kind=auth pids_limit=128 session_id=init} after init-auth-network init-auth-secret-carrier init-auth-volume session-image with init-auth-network init-auth-secret-carrier init-auth-volume (gone first, afterCreate run-once)
    Network init-auth-network {kind=auth} (gone first)
    SecretFile init-auth-secret [volume]
      Container init-auth-secret-carrier {kind=auth session_id=init} after init-auth-secret-volume session-image with init-auth-secret-volume (gone first)
      Volume init-auth-secret-volume {kind=auth session_id=init} (beforeCreate own-volume)
    Volume init-auth-volume {kind=auth session_id=init} (beforeCreate own-volume)
Credentials proxy [authority]
  CredentialProxy proxy-credential-proxy [service]
    Network proxy-credential-proxy-network {kind=credential-proxy} (gone first)
    Secret proxy-credential-proxy-secret-token {kind=credential-proxy session_id=proxy}
    Service proxy-credential-proxy-service {kind=credential-proxy pids_limit=128 session_id=proxy} after proxy-credential-proxy-network proxy-credential-proxy-secret-token proxy-credential-proxy-volume session-image with proxy-credential-proxy-network proxy-credential-proxy-volume (gone first, afterCreate service-limits, afterUpdate service-limits)
    Volume proxy-credential-proxy-volume {kind=credential-proxy session_id=proxy} (beforeCreate own-volume)
EgressProxy proxy [authority]
  Network proxy-edge {egress=enforce kind=egress-proxy serves=proxy} (gone first)
  Service proxy-proxy {egress=enforce kind=egress-proxy nofile_limit=4096 pids_limit=16 serves=proxy} after egress-proxy-image proxy-edge proxy-overlay with proxy-edge proxy-overlay (gone first, afterCreate service-limits, afterUpdate service-limits)
HardenedImage egress-proxy [reference]
  Image egress-proxy-image
HardenedImage session [reference]
  Image session-image
IsolatedNetwork file []
  Network file-overlay {session_id=file} (gone first)
IsolatedNetwork init []
  Network init-overlay {session_id=init} (gone first)
IsolatedNetwork proxy []
  Network proxy-overlay {purpose=session-egress session_id=proxy} (gone first)
RepositoryClone agent-repository-r-5d006d52 [container]
  Container agent-repository-r-5d006d52-fetch {kind=repository pids_limit=128} after agent-repository-r-5d006d52-network agent-repository-r-5d006d52-secret-carrier agent-repository-r-5d006d52-volume session-image with agent-repository-r-5d006d52-network agent-repository-r-5d006d52-volume (gone first, afterCreate run-once)
  Network agent-repository-r-5d006d52-network {kind=repository} (gone first)
  SecretFile agent-repository-r-5d006d52-secret [volume]
    Container agent-repository-r-5d006d52-secret-carrier {kind=repository} after agent-repository-r-5d006d52-secret-volume session-image with agent-repository-r-5d006d52-secret-volume (gone first)
    Volume agent-repository-r-5d006d52-secret-volume {kind=repository} (beforeCreate own-volume)
  Volume agent-repository-r-5d006d52-volume {kind=repository} (beforeCreate own-volume)
SessionContainer file [authority, serviceId] after file-logs file-overlay file-session file-workspace
  Secret file-auth-token {session_id=file}
  Service file-service {nofile_limit=4096 pids_limit=512 session_id=file} after file-auth-token file-overlay session-image with file-overlay (gone first, afterCreate service-limits, afterUpdate service-limits)
SessionContainer init [authority, serviceId] after init-auth-fetch init-logs init-overlay init-session init-workspace
  Service init-service {nofile_limit=4096 pids_limit=512 session_id=init} after init-overlay session-image with init-overlay (gone first, afterCreate service-limits, afterUpdate service-limits)
SessionContainer proxy [authority, serviceId] after agent-repository-r-5d006d52-fetch proxy-credential-proxy-service proxy-logs proxy-overlay proxy-proxy proxy-session proxy-workspace
  Service proxy-service {nofile_limit=4096 pids_limit=512 session_id=proxy} after proxy-overlay session-image with proxy-overlay (gone first, afterCreate service-limits, afterUpdate service-limits)
SessionVolumes file [volumes]
  Volume file-logs {kind=logs session_id=file} (kept, beforeCreate own-volume)
  Volume file-session {kind=session session_id=file} (kept, beforeCreate own-volume)
  Volume file-workspace {kind=workspace session_id=file} (kept, beforeCreate own-volume)
SessionVolumes init [volumes]
  Volume init-logs {kind=logs session_id=init} (kept, beforeCreate own-volume)
  Volume init-session {kind=session session_id=init} (kept, beforeCreate own-volume)
  Volume init-workspace {kind=workspace session_id=init} (kept, beforeCreate own-volume)
SessionVolumes proxy [volumes]
  Volume proxy-logs {kind=logs session_id=proxy} (kept, beforeCreate own-volume)
  Volume proxy-session {kind=session session_id=proxy} (kept, beforeCreate own-volume)
  Volume proxy-workspace {kind=workspace session_id=proxy} (kept, beforeCreate own-volume)
docker swarm`;

const onKubernetes = `Credentials file [authority] after namespace-admission-binding namespace-default-deny namespace-limits namespace-namespace namespace-quota
  Secret file-auth {kind=auth session=file app.kubernetes.io/name=agent-session}
Credentials init [authority] after namespace-admission-binding namespace-default-deny namespace-limits namespace-namespace namespace-quota
  Secret init-fetch-secret {kind=auth session=init app.kubernetes.io/name=agent-session}
Credentials proxy [authority] after namespace-admission-binding namespace-default-deny namespace-limits namespace-namespace namespace-quota
  CredentialProxy proxy-credential-proxy [] after proxy-credential-proxy-door-policy proxy-credential-proxy-policy
    Deployment proxy-credential-proxy-deployment {kind=credential-proxy serves=proxy app.kubernetes.io/name=credential-proxy} after proxy-credential-proxy-secret
    Secret proxy-credential-proxy-secret {kind=credential-proxy serves=proxy app.kubernetes.io/name=credential-proxy}
    Service proxy-credential-proxy-service {kind=credential-proxy serves=proxy app.kubernetes.io/name=credential-proxy}
  NetworkPolicy proxy-credential-proxy-door-policy {kind=network session=proxy app.kubernetes.io/name=agent-session}
  NetworkPolicy proxy-credential-proxy-policy {kind=credential-proxy serves=proxy app.kubernetes.io/name=credential-proxy}
EgressProxy proxy [authority] after namespace-admission-binding namespace-default-deny namespace-limits namespace-namespace namespace-quota
  EgressProxyPod proxy-proxy [] after proxy-proxy-policy
    Deployment proxy-proxy-deployment {kind=egress-proxy serves=proxy app.kubernetes.io/name=egress-proxy}
    Service proxy-proxy-service {kind=egress-proxy serves=proxy app.kubernetes.io/name=egress-proxy}
  NetworkPolicy proxy-proxy-policy {kind=egress-proxy serves=proxy app.kubernetes.io/name=egress-proxy}
HardenedImage egress-proxy [reference] after namespace-admission-binding namespace-default-deny namespace-limits namespace-namespace namespace-quota
HardenedImage session [reference] after namespace-admission-binding namespace-default-deny namespace-limits namespace-namespace namespace-quota
IsolatedNetwork file [] after namespace-admission-binding namespace-default-deny namespace-limits namespace-namespace namespace-quota
  NetworkPolicy file-policy {kind=network session=file app.kubernetes.io/name=agent-session}
IsolatedNetwork init [] after namespace-admission-binding namespace-default-deny namespace-limits namespace-namespace namespace-quota
  NetworkPolicy init-policy {kind=network session=init app.kubernetes.io/name=agent-session}
IsolatedNetwork pool [] after namespace-admission-binding namespace-default-deny namespace-limits namespace-namespace namespace-quota
  NetworkPolicy pool-policy {kind=network session=pool app.kubernetes.io/name=agent-session}
IsolatedNetwork proxy [] after namespace-admission-binding namespace-default-deny namespace-limits namespace-namespace namespace-quota
  NetworkPolicy proxy-policy {kind=network session=proxy app.kubernetes.io/name=agent-session}
Monitoring monitoring [] after namespace-admission-binding namespace-default-deny namespace-limits namespace-namespace namespace-quota
  PrometheusRule monitoring-rules
RepositoryClone agent-repository-r-5d006d52 [] after namespace-admission-binding namespace-default-deny namespace-limits namespace-namespace namespace-quota
  NetworkPolicy agent-repository-r-5d006d52-policy {kind=repository repository=agent-repository-r-5d006d52 app.kubernetes.io/name=repository}
  NetworkPolicy agent-repository-r-5d006d52-readers-policy {kind=repository repository=agent-repository-r-5d006d52 app.kubernetes.io/name=repository}
  RepositoryMirror agent-repository-r-5d006d52 [] after agent-repository-r-5d006d52-policy agent-repository-r-5d006d52-readers-policy
    Deployment agent-repository-r-5d006d52-deployment {kind=repository repository=agent-repository-r-5d006d52 app.kubernetes.io/name=repository} after agent-repository-r-5d006d52-secret
    Secret agent-repository-r-5d006d52-secret {kind=repository repository=agent-repository-r-5d006d52 app.kubernetes.io/name=repository}
    Service agent-repository-r-5d006d52-service {kind=repository repository=agent-repository-r-5d006d52 app.kubernetes.io/name=repository}
SessionContainer file [authority] after file-auth file-logs file-policy file-session file-workspace
  PodDisruptionBudget file-disruptions {kind=session session=file app.kubernetes.io/name=agent-session}
  Service file-service {kind=session session=file app.kubernetes.io/name=agent-session}
  ServiceAccount file-account {kind=session session=file app.kubernetes.io/name=agent-session}
  StatefulSet file-pods {kind=session session=file app.kubernetes.io/name=agent-session} after file-account
SessionContainer init [authority] after init-fetch-secret init-logs init-policy init-session init-workspace
  PodDisruptionBudget init-disruptions {kind=session session=init app.kubernetes.io/name=agent-session}
  Service init-service {kind=session session=init app.kubernetes.io/name=agent-session}
  ServiceAccount init-account {kind=session session=init app.kubernetes.io/name=agent-session}
  StatefulSet init-pods {kind=session session=init app.kubernetes.io/name=agent-session} after init-account
SessionContainer pool [authority] after pool-policy
  Deployment pool-pods {kind=session session=pool app.kubernetes.io/name=agent-session} after pool-account
  PodDisruptionBudget pool-disruptions {kind=session session=pool app.kubernetes.io/name=agent-session}
  Service pool-service {kind=session session=pool app.kubernetes.io/name=agent-session}
  ServiceAccount pool-account {kind=session session=pool app.kubernetes.io/name=agent-session}
SessionContainer proxy [authority] after agent-repository-r-5d006d52-deployment agent-repository-r-5d006d52-policy agent-repository-r-5d006d52-readers-policy agent-repository-r-5d006d52-service proxy-credential-proxy-deployment proxy-credential-proxy-door-policy proxy-credential-proxy-policy proxy-credential-proxy-service proxy-logs proxy-policy proxy-proxy-deployment proxy-proxy-policy proxy-proxy-service proxy-session proxy-workspace
  PodDisruptionBudget proxy-disruptions {kind=session session=proxy app.kubernetes.io/name=agent-session}
  Service proxy-service {kind=session session=proxy app.kubernetes.io/name=agent-session}
  ServiceAccount proxy-account {kind=session session=proxy app.kubernetes.io/name=agent-session}
  StatefulSet proxy-pods {kind=session session=proxy app.kubernetes.io/name=agent-session} after agent-repository-r-5d006d52-service proxy-account proxy-credential-proxy-service proxy-proxy-service
SessionNamespace namespace []
  LimitRange namespace-limits after namespace-namespace
  Namespace namespace-namespace {pod-security.kubernetes.io/audit=restricted pod-security.kubernetes.io/audit-version=v1.35 pod-security.kubernetes.io/enforce=restricted pod-security.kubernetes.io/enforce-version=v1.35 pod-security.kubernetes.io/warn=restricted pod-security.kubernetes.io/warn-version=v1.35} (kept)
  NetworkPolicy namespace-default-deny after namespace-namespace
  ResourceQuota namespace-quota after namespace-namespace
  ValidatingAdmissionPolicy namespace-admission
  ValidatingAdmissionPolicyBinding namespace-admission-binding after namespace-admission
SessionVolumes file [] after namespace-admission-binding namespace-default-deny namespace-limits namespace-namespace namespace-quota
  PersistentVolumeClaim file-logs {kind=logs session=file app.kubernetes.io/name=agent-session} (kept)
  PersistentVolumeClaim file-session {kind=session session=file app.kubernetes.io/name=agent-session} (kept)
  PersistentVolumeClaim file-workspace {kind=workspace session=file app.kubernetes.io/name=agent-session} (kept)
SessionVolumes init [] after namespace-admission-binding namespace-default-deny namespace-limits namespace-namespace namespace-quota
  PersistentVolumeClaim init-logs {kind=logs session=init app.kubernetes.io/name=agent-session} (kept)
  PersistentVolumeClaim init-session {kind=session session=init app.kubernetes.io/name=agent-session} (kept)
  PersistentVolumeClaim init-workspace {kind=workspace session=init app.kubernetes.io/name=agent-session} (kept)
SessionVolumes pool [] after namespace-admission-binding namespace-default-deny namespace-limits namespace-namespace namespace-quota
SessionVolumes proxy [] after namespace-admission-binding namespace-default-deny namespace-limits namespace-namespace namespace-quota
  PersistentVolumeClaim proxy-logs {kind=logs session=proxy app.kubernetes.io/name=agent-session} (kept)
  PersistentVolumeClaim proxy-session {kind=session session=proxy app.kubernetes.io/name=agent-session} (kept)
  PersistentVolumeClaim proxy-workspace {kind=workspace session=proxy app.kubernetes.io/name=agent-session} (kept)
kubernetes cluster`;

import { afterAll, expect, test, vi } from "vitest";
import { treeKey, treeOf, treeSessions } from "../support/tree.ts";

/** Each resource below the component that makes it, with its labels and what it waits for; each component with what it hands out. */

// The same with an engine here and without one.
vi.stubEnv("DOCKER_HOST", "unix:///nowhere/docker.sock");
afterAll(() => void vi.unstubAllEnvs());

test("on one machine", async () => {
  const sessions = [...treeSessions, { id: "served", services: ["redis"] }];
  expect((await treeOf({ local: { devServices: { redis: {} } }, sessions })).join("\n")).toBe(onOneMachine);
});

test("and what serves a single node", async () => {
  const gateway = { address: "0.0.0.0", names: ["a.test"], tokens: [treeKey] };
  const tree = await treeOf({ strategy: "single-node", "single-node": { gateway, monitoring: {} }, sessions: treeSessions });
  const serving = /^(Gateway|Monitoring|Supervisor|RemoteImage|HardenedImage (gateway|supervisor)) /;
  let below = false;
  expect(
    tree
      .filter((line) => {
        if (!line.startsWith(" ")) below = serving.test(line);
        return below;
      })
      .join("\n"),
  ).toBe(ofSingleNode);
});

const onOneMachine = `Credentials file [authority]
  SecretFile file-auth [volume]
    Container file-auth-carrier {kind=auth session_id=file} after file-auth-volume session-image with file-auth-volume (gone first)
    Volume file-auth-volume {kind=auth session_id=file} (beforeCreate own-volume)
Credentials init [authority]
  CredentialFetch init-auth [container]
    Container init-auth-fetch {kind=auth pids_limit=128 session_id=init} after init-auth-network init-auth-secret-carrier init-auth-volume session-image with init-auth-network init-auth-secret-carrier init-auth-volume (gone first, afterCreate run-once)
    Network init-auth-network {kind=auth} (gone first)
    SecretFile init-auth-secret [volume]
      Container init-auth-secret-carrier {kind=auth session_id=init} after init-auth-secret-volume session-image with init-auth-secret-volume (gone first)
      Volume init-auth-secret-volume {kind=auth session_id=init} (beforeCreate own-volume)
    Volume init-auth-volume {kind=auth session_id=init} (beforeCreate own-volume)
Credentials proxy [authority]
  CredentialProxy proxy-credential-proxy [container]
    Container proxy-credential-proxy-container {kind=credential-proxy pids_limit=128 session_id=proxy} after proxy-credential-proxy-network proxy-credential-proxy-secret-carrier proxy-credential-proxy-volume session-image with proxy-credential-proxy-network proxy-credential-proxy-volume (gone first, afterCreate process-limit, afterUpdate process-limit)
    Network proxy-credential-proxy-network {kind=credential-proxy} (gone first)
    SecretFile proxy-credential-proxy-secret [volume]
      Container proxy-credential-proxy-secret-carrier {kind=credential-proxy session_id=proxy} after proxy-credential-proxy-secret-volume session-image with proxy-credential-proxy-secret-volume (gone first)
      Volume proxy-credential-proxy-secret-volume {kind=credential-proxy session_id=proxy} (beforeCreate own-volume)
    Volume proxy-credential-proxy-volume {kind=credential-proxy session_id=proxy} (beforeCreate own-volume)
DevService redis [authority]
  Container redis-container {kind=redis pids_limit=256 url=redis://127.0.0.1:6380/} after dev-services-image redis-data redis-handed redis-network with redis-data redis-handed redis-network (gone first, afterCreate process-limit, afterUpdate process-limit)
  Network redis-network {kind=redis} (gone first)
  Volume redis-data {kind=redis-data} (kept, beforeCreate own-volume)
  Volume redis-handed {kind=redis} (beforeCreate own-volume)
EgressProxy proxy [authority]
  Container proxy-proxy {egress=enforce kind=egress-proxy pids_limit=16 serves=proxy} after egress-proxy-image proxy-bridge proxy-edge with proxy-bridge proxy-edge (gone first, afterCreate process-limit, afterUpdate process-limit)
  Network proxy-edge {kind=egress-proxy serves=proxy} (gone first)
HardenedImage dev-services [reference]
  Image dev-services-image
HardenedImage egress-proxy [reference]
  Image egress-proxy-image
HardenedImage session [reference]
  Image session-image
IsolatedNetwork file []
IsolatedNetwork init []
  Network init-bridge {session_id=init} (gone first)
IsolatedNetwork proxy []
  Network proxy-bridge {purpose=session-egress session_id=proxy} (gone first)
IsolatedNetwork served []
RepositoryClone agent-repository-r-5d006d52 [container]
  Container agent-repository-r-5d006d52-fetch {kind=repository pids_limit=128} after agent-repository-r-5d006d52-network agent-repository-r-5d006d52-secret-carrier agent-repository-r-5d006d52-volume session-image with agent-repository-r-5d006d52-network agent-repository-r-5d006d52-volume (gone first, afterCreate run-once)
  Network agent-repository-r-5d006d52-network {kind=repository} (gone first)
  SecretFile agent-repository-r-5d006d52-secret [volume]
    Container agent-repository-r-5d006d52-secret-carrier {kind=repository} after agent-repository-r-5d006d52-secret-volume session-image with agent-repository-r-5d006d52-secret-volume (gone first)
    Volume agent-repository-r-5d006d52-secret-volume {kind=repository} (beforeCreate own-volume)
  Volume agent-repository-r-5d006d52-volume {kind=repository} (beforeCreate own-volume)
SessionContainer file [authority, containerId] after file-auth-carrier file-logs file-session file-workspace
  Container file-container {pids_limit=512 session_id=file} after session-image (gone first, afterCreate process-limit, afterUpdate process-limit)
SessionContainer init [authority, containerId] after init-auth-fetch init-bridge init-logs init-session init-workspace
  Container init-container {pids_limit=512 session_id=init} after init-bridge session-image with init-bridge (gone first, afterCreate process-limit, afterUpdate process-limit)
SessionContainer proxy [authority, containerId] after agent-repository-r-5d006d52-fetch proxy-bridge proxy-credential-proxy-container proxy-logs proxy-proxy proxy-session proxy-workspace
  Container proxy-container {pids_limit=512 session_id=proxy} after proxy-bridge session-image with proxy-bridge (gone first, afterCreate process-limit, afterUpdate process-limit)
SessionContainer served [authority, containerId] after redis-container served-logs served-session served-workspace
  Container served-container {pids_limit=512 session_id=served} after session-image (gone first, afterCreate process-limit, afterUpdate process-limit)
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
SessionVolumes served [volumes]
  Volume served-logs {kind=logs session_id=served} (kept, beforeCreate own-volume)
  Volume served-session {kind=session session_id=served} (kept, beforeCreate own-volume)
  Volume served-workspace {kind=workspace session_id=served} (kept, beforeCreate own-volume)
docker engine`;

const ofSingleNode = `Gateway gateway [authority]
  Container gateway-entrance {kind=gateway pids_limit=128 url=https://a.test/} after gateway-data gateway-image gateway-secret-carrier gateway-settings-carrier supervisor-closed supervisor-network with gateway-data gateway-secret-carrier gateway-settings-carrier supervisor-closed supervisor-network (gone first, afterCreate process-limit, afterUpdate process-limit)
  SecretFile gateway-secret [volume]
    Container gateway-secret-carrier {kind=gateway} after gateway-image gateway-secret-volume with gateway-secret-volume (gone first)
    Volume gateway-secret-volume {kind=gateway} (beforeCreate own-volume)
  SecretFile gateway-settings [volume]
    Container gateway-settings-carrier {kind=gateway} after gateway-image gateway-settings-volume with gateway-settings-volume (gone first)
    Volume gateway-settings-volume {kind=gateway} (beforeCreate own-volume)
  Volume gateway-data {kind=gateway} (beforeCreate own-volume)
HardenedImage gateway [reference]
  Image gateway-image
HardenedImage supervisor [reference]
  Image supervisor-image
Monitoring monitoring [authority]
  Container alertmanager-container {kind=alertmanager pids_limit=128} after alertmanager-data alertmanager-image alertmanager-settings-carrier supervisor-closed supervisor-network with alertmanager-data alertmanager-settings-carrier supervisor-closed supervisor-network (gone first, afterCreate process-limit, afterUpdate process-limit)
  Container grafana-container {kind=grafana pids_limit=128} after alertmanager-container grafana-data grafana-image grafana-settings-carrier supervisor-closed supervisor-network with grafana-data grafana-settings-carrier supervisor-closed supervisor-network (gone first, afterCreate process-limit, afterUpdate process-limit)
  Container prometheus-container {kind=prometheus pids_limit=128} after alertmanager-container prometheus-data prometheus-image prometheus-settings-carrier supervisor-closed supervisor-network with prometheus-data prometheus-settings-carrier supervisor-closed supervisor-network (gone first, afterCreate process-limit, afterUpdate process-limit)
  SecretFile alertmanager-settings [volume]
    Container alertmanager-settings-carrier {kind=alertmanager} after alertmanager-image alertmanager-settings-volume with alertmanager-settings-volume (gone first)
    Volume alertmanager-settings-volume {kind=alertmanager} (beforeCreate own-volume)
  SecretFile grafana-settings [volume]
    Container grafana-settings-carrier {kind=grafana} after grafana-image grafana-settings-volume with grafana-settings-volume (gone first)
    Volume grafana-settings-volume {kind=grafana} (beforeCreate own-volume)
  SecretFile prometheus-settings [volume]
    Container prometheus-settings-carrier {kind=prometheus} after prometheus-image prometheus-settings-volume with prometheus-settings-volume (gone first)
    Volume prometheus-settings-volume {kind=prometheus} (beforeCreate own-volume)
  Volume alertmanager-data {kind=alertmanager} (beforeCreate own-volume)
  Volume grafana-data {kind=grafana} (beforeCreate own-volume)
  Volume prometheus-data {kind=prometheus} (beforeCreate own-volume)
RemoteImage alertmanager-image
RemoteImage grafana-image
RemoteImage prometheus-image
Supervisor supervisor [authority]
  Container supervisor-container {kind=supervisor pids_limit=128} after supervisor-closed supervisor-engine-reader-container supervisor-image supervisor-network supervisor-settings-carrier with supervisor-closed supervisor-network (gone first, afterCreate process-limit, afterUpdate process-limit)
  EngineReader supervisor-engine-reader [container]
    Container supervisor-engine-reader-container {kind=engine-reader pids_limit=128} after supervisor-engine-reader-volume supervisor-image with supervisor-engine-reader-volume (gone first, afterCreate process-limit, afterUpdate process-limit)
    Volume supervisor-engine-reader-volume {kind=engine-reader} (beforeCreate own-volume)
  Network supervisor-closed {kind=monitoring} (gone first)
  Network supervisor-network {kind=monitoring} (gone first)
  SecretFile supervisor-settings [volume]
    Container supervisor-settings-carrier {kind=supervisor} after supervisor-image supervisor-settings-volume with supervisor-settings-volume (gone first)
    Volume supervisor-settings-volume {kind=supervisor} (beforeCreate own-volume)`;

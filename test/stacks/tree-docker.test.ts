import { expect, test } from "vitest";
import { treeKey, treeOf, treeSessions } from "../support/tree.ts";

/** Each resource stands below the component that makes it, and each component hands out what is shown of it. */

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
    Container file-auth-carrier
    Volume file-auth-volume
Credentials init [authority]
  CredentialFetch init-auth [container]
    Container init-auth-fetch
    Network init-auth-network
    SecretFile init-auth-secret [volume]
      Container init-auth-secret-carrier
      Volume init-auth-secret-volume
    Volume init-auth-volume
Credentials proxy [authority]
  CredentialProxy proxy-credential-proxy [container]
    Container proxy-credential-proxy-container
    Network proxy-credential-proxy-network
    SecretFile proxy-credential-proxy-secret [volume]
      Container proxy-credential-proxy-secret-carrier
      Volume proxy-credential-proxy-secret-volume
    Volume proxy-credential-proxy-volume
DevService redis [authority]
  Container redis-container
  Network redis-network
  Volume redis-data
  Volume redis-handed
EgressProxy proxy [authority]
  Container proxy-proxy
  Network proxy-edge
HardenedImage dev-services [reference]
  Image dev-services-image
HardenedImage egress-proxy [reference]
  Image egress-proxy-image
HardenedImage session [reference]
  Image session-image
IsolatedNetwork file []
IsolatedNetwork init []
  Network init-bridge
IsolatedNetwork proxy []
  Network proxy-bridge
IsolatedNetwork served []
RepositoryClone agent-repository-r-5d006d52 [container]
  Container agent-repository-r-5d006d52-fetch
  Network agent-repository-r-5d006d52-network
  SecretFile agent-repository-r-5d006d52-secret [volume]
    Container agent-repository-r-5d006d52-secret-carrier
    Volume agent-repository-r-5d006d52-secret-volume
  Volume agent-repository-r-5d006d52-volume
SessionContainer file [authority, containerId]
  Container file-container
SessionContainer init [authority, containerId]
  Container init-container
SessionContainer proxy [authority, containerId]
  Container proxy-container
SessionContainer served [authority, containerId]
  Container served-container
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
SessionVolumes served [volumes]
  Volume served-logs
  Volume served-session
  Volume served-workspace
docker engine`;

const ofSingleNode = `Gateway gateway [authority]
  Container gateway-entrance
  SecretFile gateway-secret [volume]
    Container gateway-secret-carrier
    Volume gateway-secret-volume
  SecretFile gateway-settings [volume]
    Container gateway-settings-carrier
    Volume gateway-settings-volume
  Volume gateway-data
HardenedImage gateway [reference]
  Image gateway-image
HardenedImage supervisor [reference]
  Image supervisor-image
Monitoring monitoring [authority]
  Container alertmanager-container
  Container grafana-container
  Container prometheus-container
  SecretFile alertmanager-settings [volume]
    Container alertmanager-settings-carrier
    Volume alertmanager-settings-volume
  SecretFile grafana-settings [volume]
    Container grafana-settings-carrier
    Volume grafana-settings-volume
  SecretFile prometheus-settings [volume]
    Container prometheus-settings-carrier
    Volume prometheus-settings-volume
  Volume alertmanager-data
  Volume grafana-data
  Volume prometheus-data
RemoteImage alertmanager-image
RemoteImage grafana-image
RemoteImage prometheus-image
Supervisor supervisor [authority]
  Container supervisor-container
  EngineReader supervisor-engine-reader [container]
    Container supervisor-engine-reader-container
    Volume supervisor-engine-reader-volume
  Network supervisor-closed
  Network supervisor-network
  SecretFile supervisor-settings [volume]
    Container supervisor-settings-carrier
    Volume supervisor-settings-volume`;

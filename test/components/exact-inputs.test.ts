import { expect, test } from "vitest";
import { EgressProxy } from "../../components/egress-proxy/docker.ts";
import { toRules } from "../../components/egress-proxy/rules.ts";
import { seccompProfile } from "../../components/seccomp/docker.ts";
import { record } from "../support/record.ts";

/** What a container is given, all of it: an input that is lost weakens it without a word. */

const allow = [{ host: "github.com", ports: [443], addresses: [] }];
const network = { resources: [] };
const labels = (more: Record<string, string>) =>
  Object.entries({ created_by: "agent-sessions", kind: "egress-proxy", serves: "a", stack: "agent-sessions/test", ...more })
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([label, value]) => ({ label, value }));

test("the egress proxy and its way out", async () => {
  const args = { sessionId: "a", project: "agent-sessions", stack: "test", image: "sha256:1", network, allow };
  const { one } = await record(() => new EgressProxy("a", { ...args, mode: "audit", download: 65_536 }));
  expect(one("Network").inputs).toEqual({
    name: "claude-agent-a-edge",
    driver: "bridge",
    internal: false,
    options: { "com.docker.network.bridge.enable_icc": "false", "com.docker.network.bridge.enable_ip_masquerade": "true" },
    labels: labels({}),
  });
  expect(one("Container").inputs).toEqual({
    name: "claude-agent-a-proxy",
    image: "sha256:1",
    hostname: "egress-proxy",
    user: "13:13",
    entrypoints: ["/usr/bin/tini", "--", "/usr/local/bin/proxy-entrypoint"],
    envs: [`EGRESS_RULES=${toRules({ allow, mode: "audit", download: 65_536 })}`],
    labels: labels({
      download_limit: "65536",
      egress: "audit",
      pids_limit: "16",
    }),
    readOnly: true,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true", `seccomp=${seccompProfile}`],
    ipcMode: "private",
    memory: 128,
    memorySwap: 128,
    cpus: "1.0",
    ulimits: [{ name: "nofile", soft: 4096, hard: 4096 }],
    tmpfs: { "/run": "rw,noexec,nosuid,nodev,size=1048576,mode=0700,uid=13,gid=13" },
    networksAdvanced: [{ name: "claude-agent-a", aliases: ["egress-proxy"] }, { name: "claude-agent-a-edge" }],
    healthcheck: { tests: ["CMD", "/usr/local/bin/proxy-health"], interval: "30s", timeout: "10s", startPeriod: "10s", retries: 3 },
    restart: "always",
    logDriver: "json-file",
    logOpts: { "max-size": "10m", "max-file": "5" },
    wait: false,
    mustRun: true,
    destroyGraceSeconds: 3,
  });
});

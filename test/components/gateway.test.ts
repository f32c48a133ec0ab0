import { expect, test } from "vitest";
import { entrance, type GatewayArgs } from "../../components/gateway/args.ts";
import { Gateway } from "../../components/gateway/docker.ts";
import { toNginxConfig } from "../../components/gateway/nginx.ts";
import { seccompProfile } from "../../components/seccomp/docker.ts";
import { evaluate, type PolicyConfig } from "../../policy/evaluate.ts";
import { policyConfig } from "../../stacks/policy-config.ts";
import { parse } from "../../stacks/settings.ts";
import { record } from "../support/record.ts";
import { secret } from "../support/secret.ts";

/** The entrance of a server, as the engine is asked for it. */

const args: GatewayArgs = {
  project: "agent-sessions",
  stack: "test",
  image: `agent-sessions-gateway@sha256:${"1".repeat(64)}`,
  names: ["agents.test", "other.test"],
  tokens: [secret("env TOKEN", "the-token")],
  users: { alice: secret("file /alice", "the-password") },
  services: ["prometheus"],
};
const networks = {
  network: { name: "agent-sessions-test-monitoring", resources: [] },
  closed: { name: "agent-sessions-test-closed", resources: [] },
};
const made = (more: Partial<GatewayArgs> = {}) => record(() => new Gateway("gateway", { ...args, ...more, ...networks }));

const labels = (more: Record<string, string>) =>
  Object.entries({ created_by: "agent-sessions", kind: "gateway", stack: "agent-sessions/test", ...more })
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([label, value]) => ({ label, value }));

test("it holds no more rights than a session, and publishes 80 and 443", async () => {
  const { of } = await made();
  expect(of("Container").find(({ name }) => name === entrance)?.inputs).toEqual({
    name: "agent-sessions-test-gateway",
    image: args.image,
    hostname: "gateway",
    user: "14001:14001",
    entrypoints: ["/usr/bin/tini", "--", "/usr/local/bin/gateway-entrypoint"],
    envs: ["NAMES=agents.test,other.test"],
    labels: labels({ pids_limit: "128", url: "https://agents.test/" }),
    readOnly: true,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true", `seccomp=${seccompProfile}`],
    ipcMode: "private",
    memory: 256,
    memorySwap: 256,
    cpus: "0.5",
    mounts: [
      { type: "volume", source: "agent-sessions-test-gateway-settings", target: "/etc/agent-sessions", readOnly: true },
      { type: "volume", source: "agent-sessions-test-gateway-secret", target: "/secret", readOnly: true },
      { type: "volume", source: "agent-sessions-test-gateway-data", target: "/var/lib/gateway", readOnly: false },
    ],
    tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=67108864,mode=1777" },
    networksAdvanced: ["agent-sessions-test-monitoring", "agent-sessions-test-closed"].map((name) => ({ name, aliases: ["gateway"] })),
    dns: ["127.0.0.1"],
    dnsOpts: ["timeout:1", "attempts:1"],
    ports: [
      { internal: 8080, external: 80, ip: "0.0.0.0", protocol: "tcp" },
      { internal: 8443, external: 443, ip: "0.0.0.0", protocol: "tcp" },
    ],
    healthcheck: {
      tests: ["CMD", "/usr/local/bin/gateway-health"],
      interval: "10s",
      timeout: "10s",
      startPeriod: "30s",
      retries: 3,
    },
    restart: "always",
    logDriver: "json-file",
    logOpts: { "max-size": "50m", "max-file": "10" },
    wait: false,
    mustRun: true,
    destroyGraceSeconds: 3,
  });
});

test("secrets are in files alone, and authority names them and what is open", async () => {
  const authority: string[] = [];
  const certificate = { chain: secret("file /cert", "the-chain"), key: secret("file /key", "the-key") };
  const { all, of } = await record(() => {
    authority.push(...new Gateway("gateway", { ...args, certificate, address: "192.0.2.1", ...networks }).authority);
  });
  expect(authority).toEqual([
    "gateway: port 192.0.2.1:443 to 8443/tcp",
    "gateway: port 192.0.2.1:80 to 8080/tcp",
    "gateway: secret env TOKEN",
    "gateway: secret file /alice",
    "gateway: secret file /cert",
    "gateway: secret file /key",
  ]);
  const [carrier, ...others] = all.filter(({ inputs }) => /the-(token|password|chain|key)/.test(JSON.stringify(inputs)));
  expect([carrier?.name, others]).toEqual(["gateway-secret-carrier", []]);
  expect(((carrier?.inputs.uploads ?? []) as { file: string }[]).map(({ file }) => file).sort()).toEqual([
    "/secret/certificate.pem",
    "/secret/key.pem",
    "/secret/token-1",
    "/secret/user-alice",
  ]);
  expect(of("Volume").map(({ inputs }) => inputs.name)).not.toContain("agent-sessions-test-gateway-data");
});

test("nginx knows the services that there are, its names, and how much each may ask for", () => {
  const config = (more: Partial<GatewayArgs>, folder = "/f") => toNginxConfig({ ...args, ...more }, folder);
  const usual = config({});
  expect(usual).toContain("set $prometheus http://prometheus:9090;");
  expect(usual).toContain("set $supervisor http://supervisor:9464;");
  expect(usual).not.toMatch(/grafana:|alertmanager:/);
  expect(usual).toContain("server_name agents.test other.test;");
  expect(usual).toContain("return 301 https://agents.test$request_uri;");
  expect(usual.match(/ssl_certificate_key \/f\/key\.pem;/g)).toHaveLength(2);
  expect([usual.includes("rate=20r/s"), usual.includes("burst=200 ")]).toEqual([true, true]);
  const limited = config({ rateLimit: { requests: 7, burst: 9 }, services: ["grafana", "alertmanager"] });
  expect([limited.includes("rate=7r/s"), limited.includes("burst=9 ")]).toEqual([true, true]);
  expect(limited).toMatch(/grafana:3000;[\s\S]*alertmanager:9093;/);
  // Whoever is behind it is told neither a password nor an address that somebody made up.
  expect(usual.match(/proxy_set_header Authorization "";/g)).toHaveLength(usual.match(/proxy_pass /g)?.length ?? 0);
  expect(usual.match(/X-Forwarded-For (\S+);/g)).toEqual(["X-Forwarded-For $remote_addr;", "X-Forwarded-For $remote_addr;"]);
});

test("the policy lets it alone be public, at 80 and 443 alone", async () => {
  const single = { strategy: "single-node", "single-node": { gateway: { names: ["a.test"], tokens: [{ env: "T" }] } } };
  const config = policyConfig(parse({ ...single, sessions: [{ id: "gateway" }] }, { environment: {} }));
  const { all } = await made();
  const resources = all.map(({ urn, type, name, inputs }) => ({ urn, type, name, props: inputs }));
  const judged = (given: typeof resources, own: PolicyConfig = config) =>
    evaluate(given, { level: "single-node", config: own })
      .findings.filter(({ verdict }) => verdict === "violation")
      .map(({ rule }) => rule);
  expect(judged(resources)).toEqual([]);
  expect(new Set(judged(resources, {}))).toEqual(new Set(["CTR-028", "CTR-029"]));
  // Sessions' containers are called after their ids.
  expect(new Set(judged(resources.map((each) => (each.name === entrance ? { ...each, name: "gateway-container" } : each))))).toEqual(
    new Set(["CTR-028", "CTR-029"]),
  );
  const elsewhere = resources.map((each) =>
    each.name === entrance
      ? { ...each, props: { ...each.props, ports: [{ internal: 1, external: 8443, ip: "0.0.0.0", protocol: "tcp" }] } }
      : each,
  );
  expect(judged(elsewhere)).toEqual(["CTR-028"]);
  expect(policyConfig(parse({ strategy: "single-node", sessions: [] }, { environment: {} }))["CTR-028"]).toBeUndefined();
});

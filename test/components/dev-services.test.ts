import { expect, test } from "vitest";
import type { DevServiceArgs } from "../../components/dev-services/args.ts";
import { DevService } from "../../components/dev-services/docker.ts";
import { seccompProfile } from "../../components/seccomp/docker.ts";
import { evaluate } from "../../policy/evaluate.ts";
import { record } from "../support/record.ts";

/** PostgreSQL and Redis, as the engine is asked for them. */

const args: DevServiceArgs = {
  project: "agent-sessions",
  stack: "test",
  service: "postgresql",
  image: `agent-sessions-dev-services@sha256:${"1".repeat(64)}`,
};
const labels = (kind: string, more: Record<string, string> = {}) =>
  Object.entries({ created_by: "agent-sessions", kind, stack: "agent-sessions/test", ...more })
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([label, value]) => ({ label, value }));

test("PostgreSQL holds no more rights than a session, and keeps its data with the user's", async () => {
  const { all } = await record(() => new DevService("postgresql", args));
  expect(Object.fromEntries(all.filter(({ type }) => type.startsWith("docker:")).map(({ name, inputs }) => [name, inputs]))).toEqual({
    "postgresql-network": {
      name: "agent-sessions-test-postgresql",
      driver: "bridge",
      internal: false,
      options: { "com.docker.network.bridge.enable_icc": "false", "com.docker.network.bridge.enable_ip_masquerade": "false" },
      labels: labels("postgresql"),
    },
    "postgresql-data": { name: "agent-sessions-test-postgresql-data", driver: "local", labels: labels("postgresql-data") },
    "postgresql-handed": { name: "agent-sessions-test-postgresql", driver: "local", labels: labels("postgresql") },
    "postgresql-container": {
      name: "agent-sessions-test-postgresql",
      image: args.image,
      hostname: "postgresql",
      user: "14002:14002",
      entrypoints: ["/usr/bin/tini", "--", "/usr/local/bin/postgresql-start"],
      envs: [],
      labels: labels("postgresql", { pids_limit: "256", url: "postgresql://127.0.0.1:5433/" }),
      readOnly: true,
      capabilities: { drops: ["ALL"] },
      securityOpts: ["no-new-privileges:true", `seccomp=${seccompProfile}`],
      ipcMode: "private",
      memory: 512,
      memorySwap: 512,
      cpus: "1.0",
      mounts: [
        { type: "volume", source: "agent-sessions-test-postgresql-data", target: "/var/lib/postgresql", readOnly: false },
        { type: "volume", source: "agent-sessions-test-postgresql", target: "/run/service", readOnly: false },
      ],
      tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=67108864,mode=1777" },
      networksAdvanced: [{ name: "agent-sessions-test-postgresql" }],
      dns: ["127.0.0.1"],
      dnsOpts: ["timeout:1", "attempts:1"],
      ports: [{ internal: 5432, external: 5433, ip: "127.0.0.1", protocol: "tcp" }],
      healthcheck: {
        tests: ["CMD", "/usr/local/bin/postgresql-health"],
        interval: "10s",
        timeout: "10s",
        startPeriod: "1m0s",
        retries: 3,
      },
      restart: "always",
      logDriver: "json-file",
      logOpts: { "max-size": "50m", "max-file": "10" },
      wait: false,
      mustRun: true,
      destroyGraceSeconds: 30,
    },
  });
  const kept = all.filter(({ retainOnDelete }) => retainOnDelete).map(({ name }) => name);
  expect(kept).toEqual(["postgresql-data"]);
});

test("a session that lists one sees its socket and its password, and nothing over a network", async () => {
  let made: DevService | undefined;
  await record(() => {
    made = new DevService("redis", { ...args, service: "redis", port: 7000 });
  });
  expect(made?.part).toMatchObject({
    mounts: [
      {
        target: "/run/services/redis",
        readOnly: true,
        source: { kind: "companion", companion: "agent-sessions-test-redis", leaves: "socket" },
      },
    ],
    secretEnvironment: {},
    authority: ["redis, and what others that list it keep there"],
  });
  expect(made?.authority).toEqual(["redis: port 127.0.0.1:7000 to 6379/tcp"]);
});

test.each(["local", "production"] as const)("the policy rules of the level %s have nothing against them", async (level) => {
  const { all } = await record(() => {
    for (const service of ["postgresql", "redis"] as const) new DevService(service, { ...args, service });
  });
  const resources = all.map(({ urn, type, name, inputs }) => ({ urn, type, name, props: inputs }));
  expect(evaluate(resources, { level }).findings.filter(({ verdict }) => verdict === "violation")).toEqual([]);
});

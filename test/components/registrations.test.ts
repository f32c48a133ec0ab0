import { expect, test } from "vitest";
import { IsolatedNetwork } from "../../components/isolated-network/docker.ts";
import type { SessionContainerArgs } from "../../components/session-container/args.ts";
import { SessionContainer, toDocker } from "../../components/session-container/docker.ts";
import { SessionVolumes } from "../../components/session-volumes/docker.ts";
import { type Registration, runProgram } from "../../stacks/embedded/program.ts";

const place = { sessionId: "a", stack: "agent-sessions/test" };

/** What a program asks of the engine, without the stack itself. */
async function record(program: () => void): Promise<readonly Registration[]> {
  const { registrations } = await runProgram({ project: "agent-sessions", stack: "test", preview: true, program: async () => (program(), {}), resolve: async ({ inputs }) => ({ outputs: inputs }) });
  return registrations.slice(1);
}

/** A session with nothing asked for. */
function plainArgs(): SessionContainerArgs {
  const network = { networkMode: "none", ports: [], dns: [], isolation: "sealed", authority: [], resources: [] } as const;
  return { ...place, image: "sha256:0", network, mounts: [] };
}

test("a session with nothing asked for holds to the whole baseline", () => {
  expect(toDocker(plainArgs())).toEqual({
    name: "claude-agent-a",
    image: "sha256:0",
    hostname: "a",
    user: "1000:1000",
    entrypoints: ["/usr/bin/tini", "--", "/usr/local/bin/session-entrypoint"],
    workingDir: "/workspace",
    envs: ["AGENT_COMMAND=", "AGENT_ID=a", "CLAUDE_HEADLESS=true", "RUST_LOG=info", "SESSION_HEALTH_RETRIES=3", "SESSION_ID=a", "SESSION_IDLE_TIMEOUT=0", "SESSION_MAX_LIFETIME=0", "SESSION_REPOSITORIES="],
    labels: [
      { label: "authority", value: "" },
      { label: "created_by", value: "agent-sessions" },
      { label: "pids_limit", value: "512" },
      { label: "session_id", value: "a" },
      { label: "stack", value: "agent-sessions/test" },
    ],
    readOnly: true,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    ipcMode: "private",
    memory: 4096,
    memorySwap: 4096,
    cpus: "2",
    shmSize: 64,
    ulimits: [{ name: "nofile", soft: 4096, hard: 4096 }],
    mounts: [],
    tmpfs: {},
    networkMode: "none",
    healthcheck: { tests: ["CMD", "/usr/local/bin/session-health"], interval: "30s", timeout: "10s", startPeriod: "30s", retries: 3 },
    restart: "always",
    logDriver: "json-file",
    logOpts: { "max-size": "50m", "max-file": "10" },
    wait: false,
    mustRun: true,
    destroyGraceSeconds: 10,
  });
});

test("each loosening is what was asked for and nothing else, and stands in the authority", () => {
  const plain = toDocker(plainArgs());
  const loose = toDocker({ ...plainArgs(), security: { capabilities: ["NET_BIND_SERVICE"] }, mounts: [{ target: "/data", readOnly: true, source: { kind: "bind", path: "/srv/data" } }] });
  const differs = (Object.keys(loose) as (keyof typeof loose)[]).filter((key) => JSON.stringify(loose[key]) !== JSON.stringify(plain[key]));
  expect(differs).toEqual(["labels", "capabilities", "mounts"]);
  expect(loose.labels[0]).toEqual({ label: "authority", value: "session a: capability NET_BIND_SERVICE\nsession a: mount /srv/data at /data (read-only)" });
});

test("volumes outlive the stack and depend on nothing that can change", async () => {
  const [component, ...volumes] = await record(() => void new SessionVolumes("a", place));
  expect(component?.type).toBe("agent-sessions:docker:SessionVolumes");
  expect(volumes.map(({ inputs, retainOnDelete, parent }) => [inputs.name, retainOnDelete, parent === component?.urn])).toEqual(
    ["workspace", "session", "logs"].map((kind) => [`claude-agent-a-${kind}`, true, true]),
  );
});

test.each([
  [{ egress: "none" }, { networkMode: "none", isolation: "sealed" }, undefined],
  [{ egress: "open" }, { isolation: "isolated", dns: [] }, { internal: false, "com.docker.network.bridge.enable_icc": "false", "com.docker.network.bridge.enable_ip_masquerade": "true" }],
  [
    { mode: { kind: "bridge" } },
    { isolation: "sealed", dns: ["127.0.0.1"] },
    { internal: true, "com.docker.network.bridge.enable_icc": "false", "com.docker.network.bridge.enable_ip_masquerade": "false", "com.docker.network.bridge.inhibit_ipv4": "true" },
  ],
  [{ mode: { kind: "host" } }, { networkMode: "host", isolation: "none" }, undefined],
  [{ mode: { kind: "custom", name: "n" } }, { network: { name: "n", alias: "a" }, isolation: "shared" }, undefined],
] as const)("the network of %j", async (args, attachment, made) => {
  let network: IsolatedNetwork | undefined;
  const registrations = await record(() => {
    network = new IsolatedNetwork("a", { ...place, ...args });
  });
  expect(network?.attachment).toMatchObject(attachment);
  const { internal, ...options } = made ?? {};
  expect(registrations.slice(1).map(({ inputs }) => ({ internal: inputs.internal, options: inputs.options }))).toEqual(made === undefined ? [] : [{ internal, options }]);
});

test("a replaced network replaces the session, and what contradicts itself registers nothing below it", async () => {
  const registrations = await record(() => {
    const { attachment } = new IsolatedNetwork("a", { ...place, egress: "open" });
    new SessionContainer("a", { ...plainArgs(), network: attachment });
  });
  const [network, container] = ["network:Network", "container:Container"].map((type) => registrations.find((entry) => entry.type.endsWith(type)));
  expect(container?.replaceWith).toEqual([network?.urn]);
  await expect(record(() => void new IsolatedNetwork("b", { ...place, ports: [{ container: 1, host: 1, address: "127.0.0.1", protocol: "tcp" }] }))).rejects.toThrow(/network\.ports: egress is "none"/);
});

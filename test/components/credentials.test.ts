import { inspect } from "node:util";
import { expect, test, vi } from "vitest";
import { authContent, type CredentialsArgs, credentialsPart, inSessionNetwork } from "../../components/credentials/args.ts";
import { Credentials } from "../../components/credentials/docker.ts";
import { EngineProvider } from "../../components/container-engine/provider.ts";
import { seccompProfile } from "../../components/seccomp/docker.ts";
import { authorityOf } from "../../components/session-container/args.ts";
import { SessionContainer } from "../../components/session-container/docker.ts";
import { type MadePart, SecretReference } from "../../components/session-part.ts";
import { concealSecrets, revealSecrets } from "../../stacks/recorder/secret-inputs.ts";
import { record } from "../support/record.ts";
import { secret } from "../support/secret.ts";

const place = { sessionId: "a", project: "agent-sessions", stack: "test", image: "sha256:0" };
const oauth = (accessToken: string) =>
  `${JSON.stringify({ claudeAiOauth: { accessToken, refreshToken: null, expiresAt: 4102444800000, scopes: ["user:inference"], subscriptionType: null } })}\n`;

async function make(args: CredentialsArgs) {
  let made: MadePart | undefined;
  const recorded = await record(() => {
    made = new Credentials("a", args).part;
    new SessionContainer("a", { ...place, parts: [made] }, { dependsOn: [...made.resources] });
  });
  return { ...recorded, made: made as MadePart };
}

test.each([
  ["an API key", "anthropic", "sk-ant-api03-x", "token", "sk-ant-api03-x\n"],
  ["a gateway's key of any form", "anthropic", "hunter2", "token", "hunter2\n"],
  ["a token of claude setup-token, in the agent's own form", "anthropic", "sk-ant-oat01-x", ".credentials.json", oauth("sk-ant-oat01-x")],
  [
    "the agent's own store, as it is",
    "anthropic",
    '{"claudeAiOauth":{"accessToken":"x"}}',
    ".credentials.json",
    '{"claudeAiOauth":{"accessToken":"x"}}\n',
  ],
  ["an AWS credentials file", "bedrock", "[default]", "aws-credentials", "[default]\n"],
] as const)("%s becomes a file that the agent reads", (_, provider, value, file, content) => {
  expect(authContent(provider, value)).toEqual({ file, content });
});

test("on Podman a file is carried, unless it is the Pulumi CLI whose provider would carry it beneath its volume", async () => {
  const args = { ...place, kind: "file", provider: "anthropic", secret: secret("env KEY", "hunter2") } as const;
  const make = (engine: string | undefined) =>
    record(() => {
      const provider = new EngineProvider("engine", { address: "unix:///run/x.sock", source: "settings" }, undefined, "podman");
      vi.stubEnv("PULUMI_NODEJS_ENGINE", engine);
      try {
        new Credentials("a", args, { provider });
      } finally {
        vi.unstubAllEnvs();
      }
    });
  expect((await make(undefined)).of("Container")).toHaveLength(1);
  await expect(make("127.0.0.1:1")).rejects.toThrow(
    /^claude-agent-a-auth: Docker's provider fills no volume on Podman, so \/auth would be empty; deploy .* --engine embedded/,
  );
});

test("a secret goes into a volume by way of a container that never starts, and into no other input", async () => {
  const args = { ...place, kind: "file", provider: "anthropic", secret: secret("env KEY", "hunter2") } as const;
  const { all, of, one, made } = await make(args);
  const labels = [
    { label: "created_by", value: "agent-sessions" },
    { label: "kind", value: "auth" },
    { label: "session_id", value: "a" },
    { label: "stack", value: "agent-sessions/test" },
  ];
  const volume = one("Volume");
  const [carrier, session] = of("Container");
  expect(volume).toMatchObject({
    name: "a-auth-volume",
    retainOnDelete: false,
    inputs: { name: "claude-agent-a-auth-token", driver: "local", labels },
  });
  expect(revealSecrets(carrier?.inputs ?? {})).toEqual({
    name: "claude-agent-a-auth",
    image: "sha256:0",
    user: "1000:1000",
    labels,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true", `seccomp=${seccompProfile}`],
    ipcMode: "private",
    networkMode: "none",
    mounts: [{ type: "volume", source: "claude-agent-a-auth-token", target: "/auth", readOnly: false }],
    uploads: [{ file: "/auth/token", content: "hunter2\n", permissions: "0444" }],
    logDriver: "json-file",
    restart: "no",
    start: false,
    mustRun: false,
    rm: false,
  });
  expect(carrier).toMatchObject({
    name: "a-auth-carrier",
    parent: one("SecretFile").urn,
    dependencies: [volume.urn],
    replaceWith: [volume.urn],
    deleteBeforeReplace: true,
  });
  expect(session).toMatchObject({
    inputs: { mounts: [{ type: "volume", source: "claude-agent-a-auth-token", target: "/auth", readOnly: true }] },
  });
  expect(one("SessionContainer").dependencies).toContain(carrier?.urn);
  expect(made.authority).toEqual(["secret env KEY as a file below /auth"]);
  expect(authorityOf({ sessionId: "a", parts: [made] })).toEqual(["session a: secret env KEY as a file below /auth"]);
  expect(JSON.stringify(all.map(({ inputs }) => concealSecrets(inputs)))).not.toContain("hunter2");
});

test("a changed secret changes the file alone, and one of another form another volume", async () => {
  const args = { ...place, kind: "file", provider: "anthropic", secret: secret("env KEY", "one") } as const;
  const [before, changed, other] = [
    await make(args),
    await make({ ...args, secret: secret("env KEY", "two") }),
    await make({ ...args, secret: secret("env KEY", "sk-ant-oat01-x") }),
  ];
  const differing = before.all.filter(
    ({ urn, inputs }) => JSON.stringify(inputs) !== JSON.stringify(changed.all.find((one) => one.urn === urn)?.inputs),
  );
  expect(differing.map(({ name }) => name)).toEqual(["a-auth-carrier"]);
  expect(other.one("Volume").inputs.name).toBe("claude-agent-a-auth-credentials");
});

test("bedrock tells the agent its region and where its file is", async () => {
  const { made } = await make({
    ...place,
    kind: "file",
    provider: "bedrock",
    region: "eu-central-1",
    secret: secret("env AWS", "x"),
  });
  expect(made.environment).toEqual({
    CLAUDE_CODE_USE_BEDROCK: "1",
    AWS_REGION: "eu-central-1",
    AWS_SHARED_CREDENTIALS_FILE: "/auth/aws-credentials",
  });
});

test("a secret in the environment is one variable of the container, and a secret to both engines", async () => {
  const { all, one, made } = await make({ ...place, kind: "environment", secret: secret("env KEY", "hunter2") });
  const { inputs } = one("Container");
  expect((revealSecrets(inputs).envs as string[]).filter((line) => line.includes("hunter2"))).toEqual(["CLAUDE_AUTH_TOKEN=hunter2"]);
  expect(revealSecrets(inputs).envs).toEqual((revealSecrets(inputs).envs as string[]).toSorted());
  expect(made.authority).toEqual(["secret env KEY as the variable CLAUDE_AUTH_TOKEN"]);
  expect(JSON.stringify(all.map((registration) => concealSecrets(registration.inputs)))).not.toContain("hunter2");
});

test("an init step runs once before the session, in a network of its own, and again for a changed secret", async () => {
  const { of, one, all, made } = await make({
    ...place,
    kind: "init",
    provider: "anthropic",
    command: "fetch-it",
    secret: secret("env BOOT", "hunter2"),
  });
  const [carrier, fetch, session] = of("Container");
  expect(carrier?.inputs).toMatchObject({
    name: "claude-agent-a-auth-secret",
    start: false,
    mounts: [{ source: "claude-agent-a-auth-secret", target: "/secret" }],
  });
  expect(fetch?.inputs).toMatchObject({
    name: "claude-agent-a-auth",
    user: "1000:1000",
    entrypoints: ["/usr/bin/tini", "--", "/usr/local/bin/credential-fetch"],
    envs: ["FETCH_COMMAND=fetch-it", "FETCH_PROVIDER=anthropic"],
    readOnly: true,
    capabilities: { drops: ["ALL"] },
    mounts: [
      { type: "volume", source: "claude-agent-a-auth-fetched", target: "/workspace", readOnly: false },
      { type: "volume", source: "claude-agent-a-auth-secret", target: "/secret", readOnly: true },
    ],
    networksAdvanced: [{ name: "claude-agent-a-auth" }],
    restart: "no",
    start: false,
    attach: true,
    mustRun: false,
  });
  expect(new Set(fetch?.replaceWith)).toEqual(
    new Set([of("Volume").find(({ name }) => name === "a-auth-volume")?.urn, one("Network").urn, carrier?.urn]),
  );
  expect(session?.inputs).toMatchObject({
    mounts: [{ type: "volume", source: "claude-agent-a-auth-fetched", target: "/auth", readOnly: true }],
  });
  expect(one("SessionContainer").dependencies).toContain(fetch?.urn);
  expect(made.authority).toEqual(["secret that an init step with egress to any host fetches with secret env BOOT: fetch-it"]);
  expect(JSON.stringify(all.map(({ inputs }) => concealSecrets(inputs)))).not.toContain("hunter2");
});

test("an init step without a secret of its own mounts none", async () => {
  const { of, one } = await make({ ...place, kind: "init", provider: "anthropic", command: "fetch-it" });
  const [fetch, session, ...others] = of("Container");
  expect(fetch?.inputs.mounts).toEqual([{ type: "volume", source: "claude-agent-a-auth-fetched", target: "/workspace", readOnly: false }]);
  expect(new Set(fetch?.replaceWith)).toEqual(
    new Set([of("Volume").find(({ name }) => name === "a-auth-volume")?.urn, one("Network").urn]),
  );
  expect([session?.inputs.name, others]).toEqual(["claude-agent-a", []]);
});

test("a proxy has the secret, the session has a socket, a base URL and a placeholder", async () => {
  const { of, one, all, made } = await make({
    ...place,
    kind: "proxy",
    provider: "anthropic",
    upstream: "https://gateway.example/anthropic/v1/messages",
    secret: secret("env KEY", "hunter2"),
  });
  const [carrier, proxy, session] = of("Container");
  const stem = "claude-agent-a-credential-proxy";
  const script = "/usr/local/lib/agent-sessions/credential-proxy.js";
  expect(carrier?.inputs).toMatchObject({ name: `${stem}-secret`, mounts: [{ source: `${stem}-secret`, target: "/secret" }] });
  expect(proxy?.inputs).toEqual({
    name: stem,
    image: "sha256:0",
    user: "1000:1000",
    entrypoints: ["/usr/bin/tini", "--", "node", script],
    workingDir: "/workspace",
    envs: ["PROVIDER=anthropic", "SESSION_ID=a", "UPSTREAM=https://gateway.example/anthropic/v1/messages"],
    labels: [
      { label: "created_by", value: "agent-sessions" },
      { label: "kind", value: "credential-proxy" },
      { label: "pids_limit", value: "128" },
      { label: "session_id", value: "a" },
      { label: "stack", value: "agent-sessions/test" },
    ],
    readOnly: true,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true", `seccomp=${seccompProfile}`],
    ipcMode: "private",
    memory: 256,
    memorySwap: 256,
    cpus: "0.5",
    mounts: [
      { type: "volume", source: stem, target: "/run/credential-proxy", readOnly: false },
      { type: "volume", source: `${stem}-secret`, target: "/secret", readOnly: true },
    ],
    tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=67108864,mode=1777" },
    networksAdvanced: [{ name: stem }],
    logDriver: "json-file",
    logOpts: { "max-size": "50m", "max-file": "10" },
    healthcheck: { tests: ["CMD", "node", script, "--check"], interval: "30s", timeout: "10s", startPeriod: "30s", retries: 3 },
    restart: "always",
    wait: false,
    mustRun: true,
    destroyGraceSeconds: 10,
  });
  expect(one("Network").inputs).toMatchObject({
    name: stem,
    internal: false,
    labels: [{ label: "created_by" }, { label: "kind" }, { label: "stack" }],
  });
  expect(session?.inputs).toMatchObject({
    networkMode: "none",
    mounts: [{ type: "volume", source: stem, target: "/run/credential-proxy", readOnly: true }],
  });
  expect(session?.inputs.envs).toEqual(
    expect.arrayContaining([
      "ANTHROPIC_AUTH_TOKEN=none",
      "ANTHROPIC_BASE_URL=http://127.0.0.1:18787/anthropic",
      "SESSION_MODEL_PORT=18787",
    ]),
  );
  expect(one("SessionContainer").dependencies).toContain(proxy?.urn);
  expect(made.authority).toEqual(["secret env KEY for https://gateway.example/anthropic/v1/messages by way of a proxy"]);
  expect(JSON.stringify(all.map(({ inputs }) => concealSecrets(inputs)))).not.toContain("hunter2");
});

test("a proxy for bedrock tells the agent its region, and that requests need no signature", async () => {
  const { of } = await make({
    ...place,
    kind: "proxy",
    provider: "bedrock",
    region: "eu-central-1",
    upstream: "https://bedrock-runtime.eu-central-1.amazonaws.com/model",
    secret: secret("env KEY", "hunter2"),
  });
  const [, proxy, session] = of("Container");
  expect(proxy?.inputs.envs).toEqual([
    "PROVIDER=bedrock",
    "SESSION_ID=a",
    "UPSTREAM=https://bedrock-runtime.eu-central-1.amazonaws.com/model",
  ]);
  expect(session?.inputs.envs).toEqual(
    expect.arrayContaining([
      "ANTHROPIC_BEDROCK_BASE_URL=http://127.0.0.1:18787",
      "AWS_REGION=eu-central-1",
      "CLAUDE_CODE_SKIP_BEDROCK_AUTH=1",
      "CLAUDE_CODE_USE_BEDROCK=1",
      "SESSION_MODEL_PORT=18787",
    ]),
  );
  expect(JSON.stringify(session?.inputs.envs)).not.toMatch(/ANTHROPIC_(BASE_URL|AUTH_TOKEN)/);
});

test("of a folder of the host the credentials files alone are bound, read-only, and are authority", async () => {
  const { one, of, made } = await make({
    ...place,
    kind: "hostMount",
    provider: "anthropic",
    path: "/home/me/.claude",
    files: [".credentials.json"],
  });
  expect(of("Volume")).toEqual([]);
  expect(one("Container").inputs).toMatchObject({
    mounts: [
      {
        type: "bind",
        source: "/home/me/.claude/.credentials.json",
        target: "/auth/.credentials.json",
        readOnly: true,
        bindOptions: { propagation: "rprivate" },
      },
    ],
  });
  expect(authorityOf({ sessionId: "a", parts: [made] })).toEqual([
    "session a: mount /home/me/.claude/.credentials.json at /auth/.credentials.json (read-only)",
  ]);
});

test("nothing of a session depends on where its secret is kept, or on how its authority is worded", async () => {
  const file = (name: string) => make({ ...place, kind: "file", provider: "anthropic", secret: secret(name, "hunter2") });
  const [before, renamed] = [await file("env KEY"), await file("env OTHER")];
  expect(renamed.made.authority).not.toEqual(before.made.authority);
  expect(renamed.all).toEqual(before.all);
  expect(JSON.stringify(before.all)).not.toMatch(/authority|env KEY/);
});

test("a secret shows in neither JSON nor an inspection of what is handed on", async () => {
  for (const given of [
    { kind: "file", provider: "anthropic" },
    { kind: "init", provider: "anthropic", command: "x" },
    { kind: "proxy", provider: "anthropic", upstream: "https://api.anthropic.com/v1/messages" },
    { kind: "environment" },
  ] as const) {
    const { resources: _, ...part } = (await make({ ...place, ...given, secret: secret("env KEY", "hunter2") })).made;
    expect(JSON.stringify(part)).toContain('{"name":"env KEY"}');
    expect(`${JSON.stringify(part)}${inspect(part, { depth: 9, showHidden: true })}`).not.toContain("hunter2");
  }
});

test("what shares its session's network has that session's egress; anything else is as it was, by way of a parent too", () => {
  const parent = { host: "proxy.corp", port: 3128 };
  const given = { ...place, provider: "anthropic", secret: secret("env KEY", "hunter2"), parent } as const;
  const proxy = { ...given, kind: "proxy", upstream: "https://api.example/v1/messages" } as const;
  expect(inSessionNetwork(proxy)).toBe(proxy);
  const { parent: _, ...own } = given;
  expect(inSessionNetwork({ ...given, kind: "init", command: "x" })).toEqual({ ...own, kind: "init", command: "x", egress: "session" });
});

test.each([
  ["anthropic", ".credentials.json", ".credentials.json"],
  ["anthropic", "token", "token"],
  ["anthropic", "key", "token"],
  ["bedrock", "key", "aws-credentials"],
  ["bedrock", "token", "token"],
] as const)("of what nobody here reads, for %s the key %s is the file %s", (provider, key, file) => {
  const kept = new SecretReference("key of a Secret", () => "", { name: "mine", key });
  const { mounts } = credentialsPart({ ...place, kind: "file", provider, secret: kept } as CredentialsArgs);
  expect(mounts).toEqual([{ target: "/auth", readOnly: true, source: { kind: "kept", secret: { name: "mine", key }, file } }]);
});

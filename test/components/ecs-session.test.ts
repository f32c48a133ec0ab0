import { describe, expect, test } from "vitest";
import { AgentSettings } from "../../components/agent-settings/ecs.ts";
import { FargateCluster } from "../../components/fargate/cluster.ts";
import type { Fargate } from "../../components/fargate/provider.ts";
import { toExecutionRights } from "../../components/fargate/roles.ts";
import { taskSize } from "../../components/fargate/size.ts";
import { accountName, folderName } from "../../components/fargate/tags.ts";
import type { SessionContainerArgs } from "../../components/session-container/args.ts";
import { SessionContainer } from "../../components/session-container/ecs.ts";
import { type Job, jobLimits, type MadePart, part, scratch } from "../../components/session-part.ts";
import { SessionVolumes } from "../../components/session-volumes/ecs.ts";
import { fargate, images, onFargate } from "../support/fargate.ts";
import { type Recorded, record } from "../support/record.ts";
import { secret } from "../support/secret.ts";

const place = { sessionId: "a", project: "agent-sessions", stack: "test" };
const plain: SessionContainerArgs = { ...place, image: images.session, parts: [] };
const made = (given: Partial<MadePart>): MadePart => ({ ...part(given), ...given, resources: [] });
const tags = { "agent-sessions:session": "a", "agent-sessions:kind": "session" };
const arn = (service: string, rest: string) => `arn:aws:${service}:eu-central-1:123456789012:${rest}`;

const recorded = (args: Partial<SessionContainerArgs> = {}, more: Partial<Fargate> = {}) =>
  record(() => new SessionContainer("a", { ...plain, ...args }, onFargate(more)));

/** A session with the volumes that it has of its own. */
const whole = (args: Partial<SessionContainerArgs> = {}, more: Partial<Fargate> = {}) =>
  record(() => {
    const opts = onFargate(more);
    const volumes = new SessionVolumes("a", place, opts).part;
    return new SessionContainer("a", { ...plain, ...args, parts: [volumes, ...(args.parts ?? [])] }, opts);
  });

interface Definition {
  readonly name: string;
  readonly [field: string]: unknown;
}

const definitionsIn = ({ one }: Recorded) => JSON.parse(String(one("TaskDefinition").inputs.containerDefinitions)) as Definition[];

function definition(run: Recorded, name = "session"): Definition {
  const found = definitionsIn(run).find((one) => one.name === name);
  if (found === undefined) throw new Error(`no container ${name}`);
  return found;
}

/** The rights of one of the two roles. */
const rightsOf = ({ all }: Recorded, kind: "task" | "execution") => {
  const policy = all.find(({ name }) => name === `a-${kind}-rights`)?.inputs.policy;
  return policy === undefined ? [] : (JSON.parse(String(policy)) as { Statement: unknown[] }).Statement;
};

test("a session is one task of a definition, two roles and a log group, below its component", async () => {
  const run = await whole();
  const { all, one, of } = run;
  expect(all.map(({ type, name }) => `${type} ${name}`).sort()).toEqual([
    "agent-sessions:ecs:HardenedTask a",
    "agent-sessions:ecs:SessionContainer a",
    "agent-sessions:ecs:SessionVolumes a",
    "aws:cloudwatch/logGroup:LogGroup a-output",
    "aws:ecs/service:Service a-service",
    "aws:ecs/taskDefinition:TaskDefinition a-definition",
    "aws:efs/accessPoint:AccessPoint a-logs",
    "aws:efs/accessPoint:AccessPoint a-session",
    "aws:efs/accessPoint:AccessPoint a-workspace",
    "aws:iam/role:Role a-execution-role",
    "aws:iam/role:Role a-task-role",
    "aws:iam/rolePolicy:RolePolicy a-execution-rights",
    "aws:iam/rolePolicy:RolePolicy a-task-rights",
    "pulumi:providers:aws aws",
  ]);
  expect(one("aws").inputs).toMatchObject({
    region: "eu-central-1",
    allowedAccountIds: '["123456789012"]',
    defaultTags: '{"tags":{"agent-sessions:project":"agent-sessions","agent-sessions:stack":"test"}}',
  });
  expect(one("LogGroup").inputs).toEqual({ name: "/agent-sessions/agent-sessions/test/a", retentionInDays: 30, tags });
  const unknown = expect.stringMatching(/^[0-9a-f-]{36}$/);
  expect(one("Service").inputs).toEqual({
    name: "agent-sessions-test-claude-agent-a",
    cluster: "arn:aws:ecs:eu-central-1:123456789012:cluster/agent-sessions-test",
    taskDefinition: unknown,
    desiredCount: 1,
    capacityProviderStrategies: [{ capacityProvider: "FARGATE", base: 0, weight: 1 }],
    platformVersion: "LATEST",
    networkConfiguration: { assignPublicIp: false, subnets: ["subnet-1", "subnet-2"], securityGroups: [] },
    deploymentCircuitBreaker: { enable: true, rollback: true },
    deploymentMinimumHealthyPercent: 0,
    deploymentMaximumPercent: 100,
    availabilityZoneRebalancing: "DISABLED",
    enableEcsManagedTags: true,
    enableExecuteCommand: false,
    propagateTags: "SERVICE",
    waitForSteadyState: false,
    tags,
  });
  const { containerDefinitions: _, volumes, ...task } = one("TaskDefinition").inputs;
  expect(task).toEqual({
    family: "agent-sessions-test-claude-agent-a",
    requiresCompatibilities: ["FARGATE"],
    networkMode: "awsvpc",
    cpu: "2048",
    memory: "4096",
    runtimePlatform: { operatingSystemFamily: "LINUX", cpuArchitecture: "X86_64" },
    taskRoleArn: "arn:aws:iam::123456789012:role/agent-sessions-test-claude-agent-a-task",
    executionRoleArn: "arn:aws:iam::123456789012:role/agent-sessions-test-claude-agent-a-execution",
    skipDestroy: true,
    tags,
  });
  const files = (kind: string) => ({
    name: `claude-agent-a-${kind}`,
    efsVolumeConfiguration: {
      fileSystemId: "fs-1",
      rootDirectory: "/",
      transitEncryption: "ENABLED",
      authorizationConfig: { accessPointId: `fsap-claude-agent-a-${kind}`, iam: "ENABLED" },
    },
  });
  expect(volumes).toEqual([
    files("logs"),
    files("session"),
    { name: "claude-agent-a-tmp" },
    { name: "claude-agent-a-tmp-agent" },
    files("workspace"),
  ]);
  // Nothing runs before its output is kept and its rights are there.
  expect(one("TaskDefinition").dependencies).toEqual(
    expect.arrayContaining([...of("LogGroup"), ...of("RolePolicy")].map(({ urn }) => urn)),
  );
});

test("its container is held to the baseline, and written as AWS gives it back", async () => {
  const { environment, ...rest } = definition(await whole());
  expect(rest).toEqual({
    name: "session",
    image: images.session,
    cpu: 2048,
    memory: 4096,
    essential: true,
    entryPoint: ["/usr/bin/tini", "--"],
    command: ["/usr/local/bin/session-entrypoint"],
    mountPoints: [
      { containerPath: "/logs", readOnly: false, sourceVolume: "claude-agent-a-logs" },
      { containerPath: "/session", readOnly: false, sourceVolume: "claude-agent-a-session" },
      { containerPath: "/tmp", readOnly: false, sourceVolume: "claude-agent-a-tmp" },
      { containerPath: "/tmp/agent", readOnly: false, sourceVolume: "claude-agent-a-tmp-agent" },
      { containerPath: "/workspace", readOnly: false, sourceVolume: "claude-agent-a-workspace" },
    ],
    volumesFrom: [],
    portMappings: [],
    user: "1000:1000",
    readonlyRootFilesystem: true,
    linuxParameters: { capabilities: { add: [], drop: ["ALL"] } },
    systemControls: [],
    ulimits: [{ name: "nofile", softLimit: 4096, hardLimit: 4096 }],
    workingDirectory: "/workspace",
    healthCheck: { command: ["CMD", "/usr/local/bin/session-health", "--alive"], interval: 30, timeout: 10, retries: 3, startPeriod: 30 },
    stopTimeout: 10,
    logConfiguration: {
      logDriver: "awslogs",
      options: {
        "awslogs-group": "/agent-sessions/agent-sessions/test/a",
        "awslogs-region": "eu-central-1",
        "awslogs-stream-prefix": "session",
        "max-buffer-size": "4m",
        mode: "non-blocking",
      },
    },
  });
  const variables = environment as { readonly name: string; readonly value: string }[];
  expect(variables.map(({ name }) => name)).toEqual(variables.map(({ name }) => name).sort());
  expect(variables).toContainEqual({ name: "SESSION_PIDS_REQUIRED", value: "0" });
});

test("the same containers are the same text, whatever order they were described in", async () => {
  const text = async (environment: Record<string, string>) =>
    (await recorded({ environment })).one("TaskDefinition").inputs.containerDefinitions;
  expect(await text({ ONE: "1", TWO: "2" })).toBe(await text({ TWO: "2", ONE: "1" }));
  expect(await text({ ONE: "1" })).not.toBe(await text({ ONE: "2" }));
});

describe("rights", () => {
  const trusts = {
    Effect: "Allow",
    Principal: { Service: "ecs-tasks.amazonaws.com" },
    Action: "sts:AssumeRole",
    Condition: { ArnLike: { "aws:SourceArn": arn("ecs", "*") }, StringEquals: { "aws:SourceAccount": "123456789012" } },
  };

  test("are those on its own folders, its own log group and its own image, and both roles are for tasks of this account", async () => {
    const run = await whole();
    for (const { inputs } of run.of("Role"))
      expect(JSON.parse(String(inputs.assumeRolePolicy))).toEqual({ Version: "2012-10-17", Statement: [trusts] });
    const points = ["logs", "session", "workspace"].map((kind) => arn("elasticfilesystem", `access-point/fsap-claude-agent-a-${kind}`));
    expect(rightsOf(run, "task")).toEqual([
      {
        Effect: "Allow",
        Action: ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
        Resource: arn("elasticfilesystem", "file-system/fs-1"),
        Condition: { StringEquals: { "elasticfilesystem:AccessPointArn": points }, Bool: { "aws:SecureTransport": "true" } },
      },
    ]);
    expect(rightsOf(run, "execution")).toEqual([
      {
        Effect: "Allow",
        Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
        Resource: arn("logs", "log-group:/agent-sessions/agent-sessions/test/a:*"),
      },
      { Effect: "Allow", Action: ["ecr:GetAuthorizationToken"], Resource: "*" },
      {
        Effect: "Allow",
        Action: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        Resource: [arn("ecr", "repository/session")],
      },
    ]);
  });

  test("are none at all where it has no folder", async () => {
    expect(rightsOf(await recorded(), "task")).toEqual([]);
  });

  test("with a secret are also on its own secrets, and by way of Secrets Manager on the key", async () => {
    const key = arn("kms", "key/1");
    const run = await recorded({ parts: [made({ secretEnvironment: { TOKEN: secret("env KEY", "hunter2") } })] }, { key });
    expect(rightsOf(run, "execution").slice(3)).toEqual([
      {
        Effect: "Allow",
        Action: ["secretsmanager:GetSecretValue"],
        Resource: arn("secretsmanager", "secret:agent-sessions/agent-sessions/test/a/*"),
      },
      {
        Effect: "Allow",
        Action: ["kms:Decrypt"],
        Resource: key,
        Condition: { StringEquals: { "kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com" } },
      },
    ]);
    expect(run.one("LogGroup").inputs.kmsKeyId).toBe(key);
  });

  test("without an account in the settings are on what any account has by that name, of which the others allow nothing", () => {
    const { account: _, ...anywhere } = fargate;
    expect(toExecutionRights(anywhere, { of: "a", secrets: true, images: [] }).map(({ Resource }) => Resource)).toEqual([
      "arn:aws:logs:eu-central-1:*:log-group:/agent-sessions/agent-sessions/test/a:*",
      "arn:aws:secretsmanager:eu-central-1:*:secret:agent-sessions/agent-sessions/test/a/*",
    ]);
  });
});

describe("a secret", () => {
  const token = secret("env KEY", "hunter2");

  test("as a variable is in Secrets Manager, and the task has its name and version alone", async () => {
    const run = await recorded({ parts: [made({ secretEnvironment: { TOKEN: token } })] });
    expect(run.one("Secret").inputs).toEqual({
      namePrefix: "agent-sessions/agent-sessions/test/a/environment-",
      recoveryWindowInDays: 7,
      tags,
    });
    expect(JSON.stringify(run.one("SecretVersion").inputs.secretString)).toContain("hunter2");
    const session = definition(run);
    expect(session.secrets).toEqual([
      { name: "TOKEN", valueFrom: `${arn("secretsmanager", "secret:agent-sessions/agent-sessions/test/a/environment-…")}:TOKEN::version` },
    ]);
    const rest = run.all.filter(({ type }) => !type.endsWith(":SecretVersion"));
    expect(JSON.stringify(rest)).not.toContain("hunter2");
  });

  test("as a file is written by a container that is no session's user, and ends before the session starts", async () => {
    const run = await record(() => {
      const opts = onFargate();
      const settings = new AgentSettings("a", { ...place, image: images.session, settings: '{"x":"y"}' }, opts);
      return new SessionContainer("a", { ...plain, parts: [settings.part] }, opts);
    });
    const writes = definition(run, "session-secrets");
    expect(writes).toMatchObject({
      essential: false,
      user: "65534:1000",
      entryPoint: ["/usr/bin/tini", "--"],
      mountPoints: [{ containerPath: "/etc/claude-code", readOnly: false, sourceVolume: "claude-agent-a-managed" }],
      readonlyRootFilesystem: true,
      linuxParameters: { capabilities: { add: [], drop: ["ALL"] } },
      environment: [],
    });
    expect(writes.command).toEqual([
      "/bin/sh",
      "-euc",
      [
        "umask 0222",
        "printf %s \"$FILE_MANAGED_0\" > '/etc/claude-code/managed-settings.json'",
        "printf %s \"$FILE_MANAGED_1\" > '/etc/claude-code/CLAUDE.md'",
      ].join("\n"),
    ]);
    expect((writes.secrets as { name: string }[]).map(({ name }) => name)).toEqual(["FILE_MANAGED_0", "FILE_MANAGED_1"]);
    const session = definition(run);
    expect(session.dependsOn).toEqual([{ containerName: "session-secrets", condition: "SUCCESS" }]);
    expect(session.mountPoints).toEqual([{ containerPath: "/etc/claude-code", readOnly: true, sourceVolume: "claude-agent-a-managed" }]);
    expect(session.secrets).toBeUndefined();
  });
});

test("a job ends well before the session starts, goes out as it does, and has its secret from a container of its own", async () => {
  const mount = {
    target: "/secret",
    readOnly: true,
    source: { kind: "secret", name: "secret", files: secret("env KEY", "x").map((held) => ({ token: held })) },
  } as const;
  const fetched = { kind: "companion", companion: "claude-agent-a-auth", leaves: "files" } as const;
  const job: Job = {
    name: "claude-agent-a-auth",
    kind: "auth",
    runs: "before",
    image: images.session,
    program: ["/usr/local/bin/credential-fetch"],
    environment: { FETCH_COMMAND: "print" },
    mounts: [{ target: "/workspace", readOnly: false, source: fetched }, mount, scratch],
    limits: jobLimits,
    reaches: "any host",
  };
  const run = await recorded({
    parts: [
      made({
        companions: [job],
        mounts: [{ target: "/auth", readOnly: true, source: fetched }],
        environment: { https_proxy: "http://proxy" },
      }),
    ],
  });
  expect(definitionsIn(run).map(({ name, essential, dependsOn = [] }) => [name, essential, dependsOn])).toEqual([
    ["claude-agent-a-auth", false, [{ containerName: "claude-agent-a-auth-secrets", condition: "SUCCESS" }]],
    ["claude-agent-a-auth-secrets", false, []],
    [
      "session",
      true,
      [
        { containerName: "claude-agent-a-auth-secrets", condition: "SUCCESS" },
        { containerName: "claude-agent-a-auth", condition: "SUCCESS" },
      ],
    ],
  ]);
  expect(definition(run, "claude-agent-a-auth").environment).toContainEqual({ name: "https_proxy", value: "http://proxy" });
  expect(definition(run, "claude-agent-a-auth").startTimeout).toBe(120);
  expect(definition(run).mountPoints).toEqual([{ containerPath: "/auth", readOnly: true, sourceVolume: "claude-agent-a-auth" }]);
});

test("ECS Exec needs two folders of the task's own, a line in and a record, and nothing of the root becomes writable", async () => {
  const key = arn("kms", "key/1");
  const run = await record(() => {
    const opts = onFargate({ execute: true, key });
    return [new FargateCluster("cluster", opts), new SessionContainer("a", plain, opts)];
  });
  expect(definition(run)).toMatchObject({
    readonlyRootFilesystem: true,
    mountPoints: [
      { containerPath: "/var/lib/amazon", readOnly: false, sourceVolume: "claude-agent-a-var-lib-amazon" },
      { containerPath: "/var/log/amazon", readOnly: false, sourceVolume: "claude-agent-a-var-log-amazon" },
    ],
    environment: expect.arrayContaining([{ name: "SESSION_ENTRY", value: "1" }]),
    user: "1000:1000",
    linuxParameters: { capabilities: { add: [], drop: ["ALL"] } },
  });
  expect(run.one("TaskDefinition").inputs.volumes).toEqual([
    { name: "claude-agent-a-var-lib-amazon" },
    { name: "claude-agent-a-var-log-amazon" },
  ]);
  expect(run.one("Service").inputs.enableExecuteCommand).toBe(true);
  const name = "/agent-sessions/agent-sessions/test/execute.record";
  expect(run.one("Cluster").inputs.configuration).toEqual({
    executeCommandConfiguration: {
      kmsKeyId: key,
      logging: "OVERRIDE",
      logConfiguration: { cloudWatchEncryptionEnabled: true, cloudWatchLogGroupName: name },
    },
  });
  const channels = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"];
  expect(rightsOf(run, "task")).toEqual([
    { Effect: "Allow", Action: channels.map((name) => `ssmmessages:${name}`), Resource: "*" },
    { Effect: "Allow", Action: ["logs:DescribeLogGroups"], Resource: "*" },
    {
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
      Resource: arn("logs", `log-group:${name}:*`),
    },
    {
      Effect: "Allow",
      Action: ["kms:Decrypt"],
      Resource: key,
      Condition: { StringLike: { "kms:EncryptionContext:aws:ssm:TargetId": "ecs:agent-sessions-test_*" } },
    },
  ]);
});

test("a folder has its session's user, and that of the logs another owner, which lets it add and not list", async () => {
  const run = await record(() => new SessionVolumes("a", { ...place, uid: 10_007 }, onFargate()));
  const inputs = (kind: string, owner: object) => ({
    fileSystemId: "fs-1",
    posixUser: { uid: 10_007, gid: 1000 },
    rootDirectory: { path: `/test/a/${kind}`, creationInfo: owner },
    tags: { "agent-sessions:session": "a", "agent-sessions:kind": kind },
  });
  const own = { ownerUid: 10_007, ownerGid: 1000, permissions: "0700" };
  expect(run.of("AccessPoint").map(({ inputs }) => inputs)).toEqual([
    inputs("workspace", own),
    inputs("session", own),
    inputs("logs", { ownerUid: 65_534, ownerGid: 65_534, permissions: "1733" }),
  ]);
});

test.each<[cpu: number, memory: number, ReturnType<typeof taskSize>]>([
  [0.1, 0.5, { cpu: 256, memory: 512 }],
  [0.25, 3, { cpu: 512, memory: 3072 }],
  [2, 4, { cpu: 2048, memory: 4096 }],
  [2, 3.5, { cpu: 2048, memory: 4096 }],
  [2, 4.5, { cpu: 2048, memory: 5120 }],
  [2, 17, { cpu: 4096, memory: 17_408 }],
  [8, 17, { cpu: 8192, memory: 20_480 }],
  [16, 120, { cpu: 16_384, memory: 122_880 }],
  [17, 120, undefined],
  [16, 121, undefined],
])("a session of %d cores and %d GB has the smallest pair that holds both", (cpu, memory, size) => {
  expect(taskSize({ cpu, memory: memory * 1024 ** 3 })).toEqual(size);
});

test("a session has no more memory than it asks for, though its pair has", async () => {
  const run = await recorded({ limits: { memory: 2 * 1024 ** 3, cpu: 2 } });
  expect(run.one("TaskDefinition").inputs).toMatchObject({ cpu: "2048", memory: "4096" });
  expect(definition(run)).toMatchObject({ memory: 2048, cpu: 2048 });
});

test("more than ECS takes to describe a session is refused before anything is made", async () => {
  await expect(recorded({ environment: { LONG: "x".repeat(64 * 1024) } })).rejects.toThrow(
    "claude-agent-a: what it is made of takes more than the 65536 bytes that ECS takes",
  );
});

test("long names are cut for what takes no more, and stay each one's own", () => {
  const [one, other] = ["a".repeat(40), `${"a".repeat(39)}b`];
  const name = (id: string) => accountName({ stack: "production-of-the-agents" }, `claude-agent-${id}-execution`);
  expect(name(one)).toHaveLength(64);
  expect(name(one)).not.toBe(name(other));
  expect(folderName({ stack: "s".repeat(100) }, one, "workspace").length).toBeLessThanOrEqual(100);
});

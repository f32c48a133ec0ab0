import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { Registration } from "../../stacks/recorder/registration.ts";
import { onEcs } from "../support/ecs.ts";
import type { Recorded } from "../support/record.ts";

/** What the strategy ecs asks for, from settings on. */

/** The objects of AWS in a run, of a session or of what all share. */
const objectsIn = ({ all }: Pick<Recorded, "all">, of: (name: string) => boolean) =>
  all
    .filter(({ type, name }) => type.startsWith("aws:") && of(name))
    .map(({ type, name }) => `${type.split(":").at(-1)} ${name}`)
    .sort();

const ofSession = (id: string) => (name: string) => name === id || name.startsWith(`${id}-`);

/** What is asked for one of these sessions, whatever else there is. */
const askedFor = ({ all }: Recorded, id: string) =>
  all
    .filter(({ name }) => ofSession(id)(name))
    .map(({ urn, inputs, parent, dependencies }: Registration) => ({ urn, inputs, parent, dependencies: [...dependencies].sort() }))
    .sort((one, other) => (one.urn < other.urn ? -1 : 1));

const alone = [
  "AccessPoint one-logs",
  "AccessPoint one-session",
  "AccessPoint one-workspace",
  "LogGroup one-output",
  "Role one-execution-role",
  "Role one-task-role",
  "RolePolicy one-execution-rights",
  "RolePolicy one-task-rights",
  "Service one-service",
  "TaskDefinition one-definition",
];

test("a sealed session is ten objects, beside what all sessions share", async () => {
  const run = await onEcs([{ id: "one" }]);
  expect(objectsIn(run, ofSession("one"))).toEqual(alone);
  const shared = objectsIn(run, (name) => !ofSession("one")(name) && !name.startsWith("network-") && !name.startsWith("monitoring"));
  expect(shared).toEqual([
    "Cluster cluster-cluster",
    "ClusterCapacityProviders cluster-providers",
    "FileSystem storage-files",
    "FileSystemPolicy storage-clients",
    "MountTarget storage-target-0",
    "MountTarget storage-target-1",
    "Plan backup-plan",
    "Role backup-role",
    "RolePolicy backup-rights",
    "Selection backup-selection",
    "Vault backup-vault",
  ]);
});

describe("the file system", () => {
  const arn = "arn:aws:elasticfilesystem:eu-central-1:123456789012:file-system/fs-test";

  test("is encrypted, kept when its stack goes, and takes no client without TLS", async () => {
    const run = await onEcs([{ id: "one" }]);
    expect(run.one("FileSystem")).toMatchObject({
      retainOnDelete: true,
      inputs: {
        encrypted: true,
        throughputMode: "elastic",
        lifecyclePolicies: [{ transitionToIa: "AFTER_30_DAYS" }, { transitionToPrimaryStorageClass: "AFTER_1_ACCESS" }],
        tags: { Name: "agent-sessions-test", "agent-sessions:kind": "storage" },
      },
    });
    expect(JSON.parse(String(run.one("FileSystemPolicy").inputs.policy)).Statement).toEqual([
      {
        Effect: "Deny",
        Principal: { AWS: "*" },
        Action: ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientRootAccess", "elasticfilesystem:ClientWrite"],
        Resource: "*",
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ]);
  });

  test("is backed up each night into a vault that outlives the stack", async () => {
    const run = await onEcs([{ id: "one" }]);
    expect(run.one("Vault").retainOnDelete).toBe(true);
    expect(run.one("Plan").inputs).toMatchObject({
      name: "agent-sessions-test-backup",
      rules: [
        { ruleName: "sessions", schedule: "cron(0 3 * * ? *)", startWindow: 60, completionWindow: 360, lifecycle: { deleteAfter: 35 } },
      ],
    });
    expect(run.one("Selection").dependencies).toContain(run.one("FileSystem").urn);
    const rights = run.all.find(({ name }) => name === "backup-rights")?.inputs.policy;
    expect(JSON.parse(String(rights)).Statement).toEqual([
      { Effect: "Allow", Action: ["elasticfilesystem:Backup", "elasticfilesystem:DescribeTags"], Resource: arn },
      {
        Effect: "Allow",
        Action: ["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"],
        Resource: "arn:aws:backup:eu-central-1:123456789012:backup-vault:*",
      },
    ]);
    expect(run.of("VaultLockConfiguration")).toEqual([]);
    // AWS Backup says for which account it takes the role, and no more.
    const trust = run.all.find(({ name }) => name === "backup-role")?.inputs.assumeRolePolicy;
    expect(JSON.parse(String(trust)).Statement).toMatchObject([{ Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } } }]);
    expect(String(trust)).not.toContain("SourceArn");
  });

  test("is backed up as it is asked for, with a lock that nobody opens, or not at all", async () => {
    const locked = await onEcs([{ id: "one" }], { backup: { keep: "90 d", lock: { keepAtLeast: "30 d", finalAfter: "7 d" } } });
    expect(locked.one("VaultLockConfiguration")).toMatchObject({
      inputs: { minRetentionDays: 30, changeableForDays: 7 },
      retainOnDelete: true,
      deleteBeforeReplace: true,
    });
    const open = await onEcs([{ id: "one" }], { backup: { lock: {} } });
    expect(open.one("VaultLockConfiguration")).toMatchObject({ retainOnDelete: false, deleteBeforeReplace: true });
    const none = await onEcs([{ id: "one" }], { backup: false });
    expect(objectsIn(none, (name) => name.startsWith("backup"))).toEqual([]);
  });

  test("is the one that is named, where one is", async () => {
    const run = await onEcs([{ id: "one" }], { storage: { fileSystem: "fs-0a1b2c3d" } });
    expect(run.of("FileSystem")).toEqual([]);
    expect(run.of("AccessPoint")[0]?.inputs.fileSystemId).toBe("fs-0a1b2c3d");
  });
});

describe("of three sessions", () => {
  const first = { id: "one", network: { egress: { allow: ["example.com"] } } };
  const second = {
    id: "two",
    workspace: { kind: "tmpfs", size: "1 GB" },
    credentials: { kind: "file", secret: { env: "ECS_TEST_TOKEN" } },
  };
  const third = { id: "three", pool: { replicas: 2 }, network: { egress: { allow: ["example.com"] } } };
  let two: Recorded;
  let three: Recorded;

  beforeAll(async () => {
    [two, three] = [await onEcs([first, second]), await onEcs([first, second, third])];
  });

  test.each(["one", "two"])("another one leaves what is asked for %s as it is", (id) => {
    expect(askedFor(two, id).length).toBeGreaterThan(9);
    expect(askedFor(three, id)).toEqual(askedFor(two, id));
  });

  test("each has what it asks for", () => {
    const but = (...names: string[]) => alone.filter((object) => !names.includes(object)).map((object) => object.replace("one-", "three-"));
    expect(objectsIn(three, ofSession("three"))).toEqual(
      [
        ...but("AccessPoint one-logs", "AccessPoint one-session", "AccessPoint one-workspace", "RolePolicy one-task-rights"),
        "Secret three-environment",
        "SecretVersion three-environment-version",
      ].sort(),
    );
    expect(objectsIn(three, ofSession("two"))).toEqual(
      [
        ...alone.filter((object) => object !== "AccessPoint one-workspace").map((object) => object.replace("one-", "two-")),
        "Secret two-auth",
        "SecretVersion two-auth-version",
      ].sort(),
    );
  });

  test("no right of one names what is another's", () => {
    const rights = (id: string) =>
      three
        .of("RolePolicy")
        .flatMap(({ name, inputs }) => (ofSession(id)(name) ? [String(inputs.policy)] : []))
        .join("\n");
    expect(rights("one")).toContain("claude-agent-one-workspace");
    expect(rights("one")).not.toMatch(/\b(two|three)\b/);
    expect(rights("two")).not.toMatch(/\b(one|three)\b/);
  });
});

test("whatever covers a folder on a task's own disk, the image declares the folder, which is how it gets its owner", async () => {
  const secret = { env: "ECS_TEST_TOKEN" };
  const run = await onEcs([
    { id: "one", credentials: { kind: "file", secret }, agent: { instructions: "README.md" } },
    { id: "two", pool: { replicas: 2 } },
    { id: "three", workspace: { kind: "tmpfs", size: "1 GB" }, credentials: { kind: "init", command: "print", secret } },
  ]);
  const covered = run.of("TaskDefinition").flatMap(({ inputs }) => {
    const own = new Set((inputs.volumes as Volume[]).flatMap((one) => (one.efsVolumeConfiguration === undefined ? [one.name] : [])));
    const containers = JSON.parse(String(inputs.containerDefinitions)) as { readonly mountPoints: MountPoint[] }[];
    return containers.flatMap(({ mountPoints }) => mountPoints.filter(({ sourceVolume }) => own.has(sourceVolume)));
  });
  const dockerfile = readFileSync(new URL("../../images/session/Dockerfile", import.meta.url), "utf8");
  const declared = [...dockerfile.matchAll(/^VOLUME (.*)$/gm)].map(([, list = ""]) => JSON.parse(list) as string[]);
  expect(declared).toHaveLength(2);
  const folders = [...new Set(covered.map(({ containerPath }) => containerPath))].sort();
  expect(folders).toContain("/etc/claude-code");
  for (const list of declared) expect(list).toEqual(expect.arrayContaining(folders));
});

interface Volume {
  readonly name: string;
  readonly efsVolumeConfiguration?: object;
}
interface MountPoint {
  readonly containerPath: string;
  readonly sourceVolume: string;
}

test("what a roll-out is taken back to is still there: the revision before, and the version of each secret that it names", async () => {
  const run = await onEcs([
    { id: "one", network: { egress: { allow: ["example.com"] } }, credentials: { kind: "file", secret: { env: "ECS_TEST_TOKEN" } } },
    { id: "two", pool: { replicas: 2 } },
  ]);
  const definitions = run.of("TaskDefinition").map(({ name, inputs }) => [name, inputs.skipDestroy]);
  expect(definitions.sort()).toEqual(["egress-proxy", "one", "two"].map((name) => [`${name}-definition`, true]));
  expect(
    run
      .of("SecretVersion")
      .map(({ name }) => name)
      .sort(),
  ).toEqual(["one-auth-version", "one-environment-version"]);
  for (const { name, retainOnDelete } of run.of("SecretVersion")) expect([name, retainOnDelete]).toEqual([name, true]);
});

test("no secret stands anywhere but in Secrets Manager", async () => {
  const run = await onEcs([
    { id: "one", credentials: { kind: "file", secret: { env: "ECS_TEST_TOKEN" } } },
    {
      id: "two",
      credentials: {
        kind: "environment",
        secret: { env: "ECS_TEST_TOKEN" },
        exception: { reason: "a test", owner: "us", expires: "2099-01-01" },
      },
    },
  ]);
  const rest = run.all.filter(({ type }) => !type.endsWith(":SecretVersion"));
  expect(JSON.stringify(run.of("SecretVersion"))).toContain("sk-ant-api03-ecs-test");
  expect(JSON.stringify(rest)).not.toContain("sk-ant-api03-ecs-test");
});

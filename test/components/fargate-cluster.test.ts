import { describe, expect, test } from "vitest";
import { FargateCluster } from "../../components/fargate/cluster.ts";
import { costText } from "../../components/fargate/cost.ts";
import { declaredBy } from "../../components/fargate/declared.ts";
import type { Fargate } from "../../components/fargate/provider.ts";
import { arnOf, serviceTrust, toTaskRights } from "../../components/fargate/roles.ts";
import { SessionStorage, type SessionStorageArgs } from "../../components/fargate/storage.ts";
import { fargate, onFargate } from "../support/fargate.ts";
import { record } from "../support/record.ts";

/** What sessions on Fargate share, all of it, and what each of its figures comes to. */

const GiB = 1024 ** 3;
const key = "arn:aws:kms:eu-central-1:123456789012:key/1";

describe("the cluster", () => {
  const made = async (more: Partial<Fargate> = {}) => {
    let cluster: FargateCluster | undefined;
    const run = await record(() => {
      cluster = new FargateCluster("cluster", onFargate(more));
    });
    return { ...run, resources: cluster?.resources.length };
  };
  const inputs = {
    name: "agent-sessions-test",
    settings: [{ name: "containerInsights", value: "enabled" }],
    tags: { "agent-sessions:kind": "cluster" },
  };

  test("is Fargate's alone, and watched", async () => {
    const { one, of, resources } = await made();
    expect(one("Cluster").inputs).toEqual(inputs);
    expect(one("ClusterCapacityProviders").inputs).toEqual({
      clusterName: "agent-sessions-test",
      capacityProviders: ["FARGATE"],
      defaultCapacityProviderStrategies: [{ capacityProvider: "FARGATE", weight: 1 }],
    });
    expect([of("LogGroup"), resources]).toEqual([[], 2]);
  });

  test.each([
    [{}, {}],
    [{ key }, { kmsKeyId: key }],
  ])("with ECS Exec records what is done by it, with %j", async (more, encrypted) => {
    const { one } = await made({ execute: true, ...more });
    const name = "/agent-sessions/agent-sessions/test/execute.record";
    expect(one("LogGroup").inputs).toEqual({ name, retentionInDays: 30, tags: { "agent-sessions:kind": "execute" }, ...encrypted });
    expect(one("Cluster").inputs).toEqual({
      ...inputs,
      configuration: {
        executeCommandConfiguration: {
          ...encrypted,
          logging: "OVERRIDE",
          logConfiguration: { cloudWatchEncryptionEnabled: true, cloudWatchLogGroupName: name },
        },
      },
    });
  });
});

describe("the file system", () => {
  const made = async (given: Partial<SessionStorageArgs> = {}, more: Partial<Fargate> = {}) => {
    let resources: number | undefined;
    const args = { infrequentAfter: 30, subnets: ["subnet-1", "subnet-2"], group: "sg-1", ...given };
    const run = await record(() => {
      resources = new SessionStorage("storage", args, onFargate(more)).resources.length;
    });
    return { ...run, resources };
  };
  const inputs = {
    encrypted: true,
    throughputMode: "elastic",
    lifecyclePolicies: [{ transitionToIa: "AFTER_30_DAYS" }, { transitionToPrimaryStorageClass: "AFTER_1_ACCESS" }],
    tags: { Name: "agent-sessions-test", "agent-sessions:kind": "storage" },
  };

  test("is mounted in each subnet by way of its group, by no client without TLS", async () => {
    const { one, of, resources } = await made();
    expect(one("FileSystem").inputs).toEqual(inputs);
    expect(of("MountTarget").map(({ name, inputs: { fileSystemId: _, ...rest } }) => [name, rest])).toEqual([
      ["storage-target-0", { subnetId: "subnet-1", securityGroups: ["sg-1"] }],
      ["storage-target-1", { subnetId: "subnet-2", securityGroups: ["sg-1"] }],
    ]);
    expect(JSON.parse(String(one("FileSystemPolicy").inputs.policy))).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Deny",
          Principal: { AWS: "*" },
          Action: ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientRootAccess", "elasticfilesystem:ClientWrite"],
          Resource: "*",
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ],
    });
    expect(resources).toBe(3);
  });

  test("has the key and the days that settings name, and may be one that is there", async () => {
    const { one } = await made({ infrequentAfter: 1 }, { key });
    expect(one("FileSystem").inputs).toEqual({
      ...inputs,
      kmsKeyId: key,
      lifecyclePolicies: [{ transitionToIa: "AFTER_1_DAY" }, { transitionToPrimaryStorageClass: "AFTER_1_ACCESS" }],
    });
    const there = await made({ fileSystem: "fs-9" });
    expect([there.of("FileSystem"), there.one("FileSystemPolicy").inputs.fileSystemId]).toEqual([[], "fs-9"]);
  });
});

test.each([
  ["eu-central-1", "aws"],
  ["cn-north-1", "aws-cn"],
  ["us-gov-west-1", "aws-us-gov"],
  ["us-west-1", "aws"],
])("an ARN in %s is of %s", (region, partition) => {
  expect(arnOf({ region, account: "1" }, "ecs", "x")).toBe(`arn:${partition}:ecs:${region}:1:x`);
  expect(arnOf({ region }, "ecs", "x")).toBe(`arn:${partition}:ecs:${region}:*:x`);
});

test("a service takes a role for this account alone, and for this region where it says for what", () => {
  const statement = (service: string) => ({ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" });
  const trusted = (...given: Parameters<typeof serviceTrust>) => (JSON.parse(serviceTrust(...given)) as { Statement: object[] }).Statement;
  const StringEquals = { "aws:SourceAccount": "123456789012" };
  const { account: _, ...anywhere } = fargate;
  const ArnLike = (account: string) => ({ "aws:SourceArn": `arn:aws:ecs:eu-central-1:${account}:*` });
  const tasks = statement("ecs-tasks.amazonaws.com");
  expect(trusted(fargate, "ecs-tasks", "ecs")).toEqual([{ ...tasks, Condition: { ArnLike: ArnLike("123456789012"), StringEquals } }]);
  expect(trusted(anywhere, "ecs-tasks", "ecs")).toEqual([{ ...tasks, Condition: { ArnLike: ArnLike("*") } }]);
  // AWS Backup names no ARN when it takes a role.
  const backup = statement("backup.amazonaws.com");
  expect(trusted(fargate, "backup")).toEqual([{ ...backup, Condition: { StringEquals } }]);
  expect(trusted(anywhere, "backup")).toEqual([backup]);
});

test("ECS Exec is a line, its record, and the key of both where there is one", () => {
  const line = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"];
  const exec = [
    { Effect: "Allow", Action: line.map((name) => `ssmmessages:${name}`), Resource: "*" },
    { Effect: "Allow", Action: ["logs:DescribeLogGroups"], Resource: "*" },
    {
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
      Resource: "arn:aws:logs:eu-central-1:123456789012:log-group:/agent-sessions/agent-sessions/test/execute.record:*",
    },
  ];
  const Condition = { StringLike: { "kms:EncryptionContext:aws:ssm:TargetId": "ecs:agent-sessions-test_*" } };
  expect(toTaskRights(fargate, "fs", [], false)).toEqual([]);
  expect(toTaskRights(fargate, "fs", [], true)).toEqual(exec);
  expect(toTaskRights({ ...fargate, key }, "fs", [], true)).toEqual([
    ...exec,
    { Effect: "Allow", Action: ["kms:Decrypt"], Resource: key, Condition },
  ]);
});

describe("what sessions take", () => {
  const limits = { cpu: 1, memory: 2 * GiB, tmp: 12 * GiB, disk: 10 * GiB };
  const declared = (session: object) =>
    declaredBy([{ limits, proxy: false, workspace: { kind: "tmpfs", size: 13 * GiB }, ...session } as never], { clones: 0 }).sessions;

  test("of a task's disk is what passes, in memory's place too, of a pool its data, and 6 GB of images", () => {
    const size = { cpu: 1024, memory: 2048 };
    expect(declared({ workspace: { kind: "persistent" } })).toEqual([{ size, count: 1, most: 1 }]);
    expect(declared({})).toMatchObject([{ size, disk: 31 }]);
    expect(declared({ pool: { replicas: 3 } })).toMatchObject([{ size, disk: 41, count: 3, most: 3 }]);
  });
});

test("costs are told to a tenth of a cent for an hour, and in whole dollars for a month", () => {
  const task = { size: { cpu: 1024, memory: 2048 }, count: 1, most: 1 };
  const text = (sessions: readonly object[], serving: readonly object[]) =>
    costText({ sessions, serving } as never, { architecture: "amd64", region: "us-east-1" }).split(", at AWS")[0];
  expect(text([task], [])).toBe("$0.049 for an hour of a session, $36 for a month of 1 task of a session");
  expect(text([task, { ...task, size: { cpu: 2048, memory: 4096 } }], [task, task])).toBe(
    "$0.049 to $0.099 for an hour of a session, $180 for a month of 2 tasks of sessions and 2 that serve them",
  );
});

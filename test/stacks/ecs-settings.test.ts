import { describe, expect, test } from "vitest";
import { parse, SettingsError } from "../../stacks/settings.ts";
import { images } from "../support/fargate.ts";

const sound = { region: "eu-central-1", account: "123456789012" };

/** The settings of a stack on Fargate. */
const settingsOf = (ecs: object, session: object = {}, stack: object = {}) =>
  parse({ strategy: "ecs", ecs, sessions: [{ id: "a", ...session }], ...stack }, { environment: {}, root: "/root" });

/** What is wrong with it. */
function mistakesIn(...given: Parameters<typeof settingsOf>): readonly string[] {
  try {
    settingsOf(...given);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.sentences;
    throw error;
  }
}

test("a place is a region and an account; all else has a default", () => {
  expect(settingsOf(sound).strategy).toMatchObject({
    name: "ecs",
    ...sound,
    vpc: { cidr: "10.60.0.0/16", zones: 2 },
    architecture: "amd64",
    scan: { required: false, severity: "critical" },
    storage: { infrequentAccessAfter: 30 },
    backup: { schedule: "cron(0 3 * * ? *)", keep: 35 },
    execute: false,
    logs: { keep: 30 },
    monitoring: {},
  });
});

test("what a place may say is taken as it is", () => {
  for (const severity of ["critical", "high", "medium"])
    expect(settingsOf({ ...sound, scan: { required: true, severity } }).strategy).toMatchObject({ scan: { required: true, severity } });
  const vpc = { id: "vpc-0a", subnets: ["subnet-0a", "subnet-0b"], proxySubnets: ["subnet-0c"] };
  expect(settingsOf({ ...sound, vpc }).strategy).toMatchObject({ vpc });
});

test.each([{ keep: "7 d", lock: {} }, { keep: "3 d" }, { keep: "3 d", lock: { keepAtLeast: "2 d" } }])(
  "backups are kept as long as their lock asks for, or longer: %j",
  (backup) => expect(mistakesIn({ ...sound, backup })).toEqual([]),
);

test("a session has its task for itself, and is promised nothing less than its limits", () => {
  expect(settingsOf(sound).sessions[0]?.reservations).toEqual({});
  // What it keeps lies in the file system, and not on its task's disk.
  expect(settingsOf(sound, { limits: { disk: "181 GB" } }).sessions[0]?.limits.disk).toBe(181 * 1024 ** 3);
});

describe("refused is", () => {
  test.each<[string, Parameters<typeof settingsOf>, string]>([
    ["no region", [{}], 'ecs.region: is missing; name the AWS region, such as "eu-central-1".'],
    [
      "another region's form",
      [{ ...sound, region: "Frankfurt" }],
      'ecs.region: "Frankfurt" is not an AWS region; write one such as "eu-central-1".',
    ],
    [
      "no account to push to",
      [{ region: "eu-central-1" }],
      "ecs.account: is missing, and images are pushed to its registry; name it, or images that are there by ecs.images.",
    ],
    [
      "a VPC without subnets",
      [{ ...sound, vpc: { id: "vpc-0a", subnets: [], proxySubnets: ["subnet-0a", "subnet-0b"] } }],
      "ecs.vpc.subnets: [] is empty; name a subnet.",
    ],
    [
      "a subnet by its name",
      [{ ...sound, vpc: { id: "vpc-0a", subnets: ["inner"], proxySubnets: ["subnet-0a"] } }],
      'ecs.vpc.subnets[0]: "inner" is not the id of a subnet; write one such as "subnet-0a1b2c3d".',
    ],
    [
      "a severity that no scan stops at",
      [{ ...sound, scan: { severity: "low" } }],
      'ecs.scan.severity: "low" is not a severity; write critical, high or medium.',
    ],
    [
      "two addresses in one",
      [{ ...sound, monitoring: { email: "a@corp.example,b@corp.example" } }],
      'ecs.monitoring.email: "a@corp.example,b@corp.example" is not an address; write one such as "team@corp.example".',
    ],
    [
      "half a day of backups",
      [{ ...sound, backup: { keep: "36 h" } }],
      'ecs.backup.keep: "36 h" is not a number of whole days; write "35 d".',
    ],
    [
      "backups that the lock does not take",
      [{ ...sound, backup: { keep: "3 d", lock: {} } }],
      'ecs.backup.keep: "3 d" is less than ecs.backup.lock.keepAtLeast, and the locked vault takes no such backup; write "7 d" or more, or lower keepAtLeast.',
    ],
    [
      "a number of an account",
      [{ ...sound, account: "12" }],
      'ecs.account: "12" is not the number of an account; write its 12 digits in quotes, such as "123456789012".',
    ],
    [
      "an image by a tag",
      [{ ...sound, images: { session: "session:1" } }],
      'ecs.images.session: "session:1" is not an image by its digest; write one such as "123456789012.dkr.ecr.eu-central-1.amazonaws.com/session@sha256:…".',
    ],
    [
      "an image of another registry",
      [{ ...sound, images: { session: `ghcr.io/session@sha256:${"0".repeat(64)}` } }],
      `ecs.images.session: "ghcr.io/session@sha256:${"0".repeat(53)}… is not in ECR of eu-central-1, and nothing else is reached from the sessions' subnets; copy it there.`,
    ],
    [
      "no image of a proxy",
      [{ ...sound, images: { session: images.session } }, { network: { egress: { allow: ["example.com"] } } }],
      'ecs.images.egressProxy: is missing, and session "a" has an allow list; name the image.',
    ],
    [
      "a registry",
      [sound, {}, { image: { registry: "registry.example" } }],
      'image.registry: "registry.example" is not used, as a repository of ECR\'s is made for what is built; remove it.',
    ],
    [
      "another platform",
      [sound, {}, { image: { platform: "linux/arm64" } }],
      'image.platform: "linux/arm64" is not what tasks run on; remove it, or set ecs.architecture.',
    ],
    [
      "a key of another region",
      [{ ...sound, key: "arn:aws:kms:eu-west-1:123456789012:key/1" }],
      'ecs.key: "arn:aws:kms:eu-west-1:123456789012:key/1" is of another region or account than ecs.region and ecs.account; name one of these.',
    ],
    [
      "a way in without a key",
      [{ ...sound, execute: "ephemeral-volumes" }],
      "ecs.key: is missing, and what people do by ECS Exec is encrypted with a key of yours; name it, or write execute: false.",
    ],
    [
      "more than a task can have",
      [sound, { limits: { cpu: 32 } }],
      'session "a": no task of Fargate\'s has 32 cores and 4 GB; it has 16 cores and 120 GB at most.',
    ],
    [
      "a health check that is rarer than ECS takes",
      [sound, { healthCheck: { interval: "10 m" } }],
      "sessions[0].healthCheck.interval: 600 is not what ECS takes; write 5 to 300.",
    ],
    [
      "a health check that fails more often than ECS waits for",
      [sound, { healthCheck: { retries: 11 } }],
      "sessions[0].healthCheck.retries: 11 is not what ECS takes; write 1 to 10.",
    ],
    [
      "a pool whose data a task's own disk does not hold",
      [sound, { pool: { replicas: 2 }, limits: { disk: "181 GB" } }],
      "session \"a\": limits.disk is 181 GB, and a task's own disk holds 180 GB of a pool's data; lower it.",
    ],
    [
      "clients of a pool",
      [sound, { pool: { clients: { labels: { app: "x" } } } }],
      "sessions[0].pool.clients: names pods of a cluster, and nothing connects to tasks of Fargate's; remove it, and have the pool take its work.",
    ],
    [
      "a time that AWS does not keep logs for",
      [{ ...sound, logs: { keep: "31 d" } }],
      'ecs.logs.keep: "31 d" is not a time that AWS takes; write 1 d, 3 d, 5 d, 7 d, 14 d, 30 d, 60 d, 90 d, 120 d, 150 d, 180 d, 365 d, 400 d, 545 d, 731 d, 1096 d, 1827 d, 2192 d, 2557 d, 2922 d, 3288 d or 3653 d.',
    ],
    [
      "cron of five fields",
      [{ ...sound, backup: { schedule: "cron(0 3 * * *)" } }],
      'ecs.backup.schedule: "cron(0 3 * * *)" is not a schedule of AWS; write one with six fields, such as "cron(0 3 * * ? *)".',
    ],
  ])("%s", (_, given, sentence) => expect(mistakesIn(...given)).toContain(sentence));
});

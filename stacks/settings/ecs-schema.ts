import { z } from "zod";
import { choice } from "../near.ts";
import { secret } from "./credentials-schema.ts";
import { awsSchedule, count, duration, flag, region, text } from "./values.ts";

/** The form of the key `ecs`; what belongs together in it is judged in ecs.ts. */

const subnets = (meaning: string) =>
  z
    .array(text("A subnet.").regex(/^subnet-[0-9a-f]+$/, { error: 'is not the id of a subnet; write one such as "subnet-0a1b2c3d"' }))
    .min(1, { error: "is empty; name a subnet" })
    .describe(meaning);

const image = (meaning: string) =>
  text(meaning).regex(/^[a-z0-9][\w.-]*(:\d+(?=\/))?(\/[a-z0-9][\w.-]*)*@sha256:[a-f0-9]{64}$/i, {
    error: 'is not an image by its digest; write one such as "123456789012.dkr.ecr.eu-central-1.amazonaws.com/session@sha256:…"',
  });

const arn = (meaning: string, service: string) =>
  text(meaning).regex(new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]+:\\d{12}:\\S+$`), {
    error: `is not an ARN of ${service.toUpperCase()}; write one such as "arn:aws:${service}:eu-central-1:123456789012:…"`,
  });

/** A time that AWS takes in one of some numbers of days. */
const days = (meaning: string, some: readonly number[], example: string) =>
  duration(meaning, example)
    .refine((seconds) => some.includes(seconds / 86_400), {
      error: `is not a time that AWS takes; write ${choice(some.map((day) => `${day} d`))}`,
    })
    .transform((seconds) => seconds / 86_400);

/** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const logDays = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653] as const;

/** @see https://docs.aws.amazon.com/efs/latest/ug/API_LifecyclePolicy.html */
const infrequentDays = [1, 7, 14, 30, 60, 90, 180, 270, 365] as const;

const wholeDays = (meaning: string, example: string) =>
  duration(meaning, example)
    .refine((seconds) => seconds % 86_400 === 0, { error: `is not a number of whole days; write "${example}"` })
    .transform((seconds) => seconds / 86_400);

const vpc = z
  .union(
    [
      z.strictObject({
        id: text("The VPC.").regex(/^vpc-[0-9a-f]+$/, { error: 'is not the id of a VPC; write one such as "vpc-0a1b2c3d"' }),
        subnets: subnets("Its subnets in which sessions run, one of each zone, with no route out of the VPC."),
        endpoints: text(
          "The security group of its endpoints for ecr.api, ecr.dkr, logs and secretsmanager, with execute also for ssmmessages and kms, beside one for S3; they are made when left out.",
        )
          .regex(/^sg-[0-9a-f]+$/, { error: 'is not the id of a security group; write one such as "sg-0a1b2c3d"' })
          .optional(),
        proxySubnets: subnets(
          "Its subnets in which proxies run, with a route out by way of a NAT gateway. Each subnet is associated with a table of routes.",
        ),
      }),
      z.strictObject({
        cidr: text("The addresses of the VPC that is made; 10.60.0.0/16 when left out.")
          .regex(/^\d{1,3}(\.\d{1,3}){3}\/(1[6-9]|2[0-2])$/, {
            error: 'is not a block of a VPC; write one from /16 to /22, such as "10.60.0.0/16"',
          })
          .default("10.60.0.0/16"),
        zones: count("In how many availability zones its subnets are; 2 when left out.", 1, 6).default(2),
      }),
    ],
    { error: "is not a VPC; write {id, subnets, proxySubnets} of one that is there, or {cidr, zones} of one to make" },
  )
  .describe("The VPC: one that is there, or how one is made.");

const backup = z
  .union(
    [
      z.literal(false),
      z.strictObject({
        schedule: awsSchedule("When, in UTC; daily at three when left out.").default("cron(0 3 * * ? *)"),
        keep: wholeDays("How long backups are kept; 35 d when left out.", "35 d").prefault("35 d"),
        lock: z
          .strictObject({
            keepAtLeast: wholeDays("Nobody removes a backup before.", "7 d").prefault("7 d"),
            finalAfter: wholeDays(
              "From then on nobody can open the lock, AWS and the account's root user included; 3 d at least. When left out, who may can open it.",
              "3 d",
            )
              .refine((given) => given >= 3, { error: 'is less than AWS takes; write "3 d" or more' })
              .optional(),
          })
          .describe("Locks the vault; it is open when left out.")
          .optional(),
      }),
    ],
    { error: "is not a plan for backups; write {schedule, keep, lock}, or false for none" },
  )
  .describe("Backups of what sessions keep, by AWS Backup.");

const monitoring = z
  .union(
    [
      z.literal(false),
      z
        .strictObject({
          topic: arn("An SNS topic that is there; one is made when left out.", "sns").optional(),
          email: text("Who is told of alarms by mail, after a confirmation.")
            .regex(/^[^@\s,]+@[^@\s,]+$/, { error: 'is not an address; write one such as "team@corp.example"' })
            .optional(),
        })
        .refine(({ topic, email }) => topic === undefined || email === undefined, { error: "has topic and email; remove one of them" }),
    ],
    { error: "is not false, {topic} or {email}" },
  )
  .describe("Alarms of CloudWatch, and a dashboard; false for none.");

const quota = (meaning: string) => count(meaning, 1, 10_000_000).optional();

export const ecs = z.strictObject({
  region: region("The AWS region.").optional(),
  account: text("The number of the AWS account; any other is refused. When left out, whichever the credentials are of.")
    .regex(/^\d{12}$/, { error: 'is not the number of an account; write its 12 digits in quotes, such as "123456789012"' })
    .optional(),
  profile: text("A profile of this machine's AWS configuration; what the environment says when left out.").optional(),
  vpc: vpc.default({ cidr: "10.60.0.0/16", zones: 2 }),
  dnsFirewall: flag(
    "Names are answered as far as sessions need them alone, by Route 53 Resolver DNS Firewall. When left out: true for a VPC that is made; one that is given is the business of whoever made it.",
  ).optional(),
  egressKey: secret
    .describe(
      "From which the password of each session at the egress proxy follows, of 32 characters or more; sessions with an allow list need it.",
    )
    .optional(),
  architecture: z
    .enum(["amd64", "arm64"], { error: "is not an architecture; write amd64 or arm64" })
    .describe("The processors of the tasks; arm64 is Graviton. amd64 when left out.")
    .default("amd64"),
  images: z
    .strictObject({
      session: image("The sessions' image, by its digest."),
      egressProxy: image("That of the egress proxy, which sessions with an allow list need, by its digest.").optional(),
    })
    .describe(
      "Images that are there already, used as they are. When left out: they are built here and pushed to a repository of ECR's that is made.",
    )
    .optional(),
  scan: z
    .strictObject({
      required: flag("Nothing runs from an image before its scan is there. false when left out.").default(false),
      severity: z
        .enum(["critical", "high", "medium"], { error: "is not a severity; write critical, high or medium" })
        .describe("From which severity on a finding stops a roll-out; critical when left out.")
        .default("critical"),
    })
    .describe("What is made of the scan of images, those that are named among them.")
    .prefault({}),
  key: arn("A KMS key for images, files, logs and secrets; AWS's own keys when left out.", "kms").optional(),
  storage: z
    .strictObject({
      fileSystem: text("A file system that is there, such as the one that this stack has left; one is made when left out.")
        .regex(/^fs-[0-9a-f]+$/, { error: 'is not the id of a file system; write one such as "fs-0a1b2c3d"' })
        .optional(),
      infrequentAccessAfter: days(
        "How long a file is not read until it moves to cheaper storage; 30 d when left out.",
        infrequentDays,
        "30 d",
      ).prefault("30 d"),
    })
    .describe("The file system that keeps sessions' data.")
    .prefault({}),
  backup: backup.prefault({}),
  execute: z
    .union([z.literal(false), z.literal("ephemeral-volumes")], { error: "is not false or ephemeral-volumes" })
    .describe(
      "ephemeral-volumes: attach, exec, diff and pull enter sessions by ECS Exec, which AWS supports on a writable root alone; two volumes of the task, at /var/lib/amazon and /var/log/amazon, stand in for that, and its agent runs in every session as root. false, the default: these commands are refused.",
    )
    .default(false),
  logs: z
    .strictObject({ keep: days("How long they are kept; 30 d when left out.", logDays, "30 d").prefault("30 d") })
    .describe("What sessions and proxies print, in CloudWatch.")
    .prefault({}),
  monitoring: monitoring.prefault({}),
  quotas: z
    .strictObject({
      vcpus: quota("Fargate On-Demand vCPU resource count; not judged when left out, as AWS raises it by what an account uses."),
      services: quota("Services per cluster; 5000 when left out."),
      roles: quota("Roles per account; 1000 when left out."),
      accessPoints: quota("Access points for each file system; 10000 when left out."),
      securityGroups: quota("VPC security groups per Region; 2500 when left out."),
      names: quota("Instances per namespace of Cloud Map, one for each proxy and clone; 2000 when left out."),
    })
    .describe("Service quotas of the account, as AWS has raised them; its defaults when left out.")
    .prefault({}),
});

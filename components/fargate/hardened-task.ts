import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { TaskDefinition } from "@pulumi/aws/ecs/taskDefinition.js";
import * as pulumi from "@pulumi/pulumi";
import { type Job, SecretReference, userOf } from "../session-part.ts";
import { planned } from "./planned.ts";
import { fargateOf, sharedOf } from "./provider.ts";
import { taskRoles } from "./roles.ts";
import { type ValuesFrom, variablesOf, writtenFor } from "./secret.ts";
import { diskOf, type TaskSize, taskSize } from "./size.ts";
import { accountName, logGroupName, type Tags } from "./tags.ts";
import { type AccessPoints, type HardenedContainer, type TaskPlace, placeOf, type Step, toContainerDefinition, toVolumes } from "./task.ts";

/** A job, of whose variables some may be secret. */
export type TaskJob = Omit<Job, "environment"> & Pick<HardenedContainer, "environment">;

/** What one kind of task is made of. */
export interface HardenedTaskArgs {
  /** What paths of its own name it by, in logs and secrets: a session's id, `<id>-credential-proxy`. */
  readonly of: string;
  /** What it is called, which nothing else of its stack is; the stem of the names of its volumes. */
  readonly called: string;
  readonly tags: Tags;
  /** What the task is for. It ends with it. */
  readonly container: HardenedContainer & { readonly limits: { readonly memory: number; readonly cpu: number } };
  /** What runs before, and ends. @default nothing */
  readonly jobs?: readonly TaskJob[];
  /** The access points of volumes that outlive it, by the volumes' names. @default none */
  readonly points?: AccessPoints;
  /** Whether people enter it by ECS Exec. @default nobody does */
  readonly entered?: boolean;
  /** Bytes of the task's own disk that its volumes take. @default so few that the usual disk does */
  readonly disk?: number;
}

/** ECS takes no larger task definition. Bytes. @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html */
const longestDefinition = 64 * 1024;

/**
 * A task definition held to the baseline, and what is its own: a log group, two roles, its secrets. Tasks made of it have no rights but
 * on these.
 */
export class HardenedTask extends pulumi.ComponentResource {
  /** The ARN of this revision. */
  readonly definition: pulumi.Output<string>;
  /** The name of the family, and of a service that runs it. */
  readonly family: string;
  readonly entered: boolean;
  /** What must be there before a task is started. */
  readonly resources: readonly pulumi.Resource[];

  /** @throws Error when nothing of Fargate's is large enough, or the definition is larger than ECS takes */
  constructor(name: string, args: HardenedTaskArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:ecs:HardenedTask", name, {}, opts);
    const parent = { parent: this };
    const place = fargateOf(this);
    const { storage } = sharedOf(this);
    const { of, called, tags, container, points = new Map(), entered = false } = args;
    const logGroup = logGroupName(place, of);
    const logs = new LogGroup(
      `${name}-output`,
      { name: logGroup, retentionInDays: place.logDays, ...(place.key !== undefined && { kmsKeyId: place.key }), tags: { ...tags } },
      parent,
    );
    const steps = stepsOf(name, args, this);
    const images = steps.map(({ step }) => step.image);
    const folders = [
      ...new Map(steps.flatMap(({ step }) => foldersOf(called, step, points)).map((folder) => [folder.accessPoint, folder])).values(),
    ];
    const secrets = steps.some(({ from }) => Object.keys(from).length > 0);
    const roles = taskRoles(name, { of, name: called, tags, secrets, images, folders, entered }, this);
    const disk = args.disk === undefined ? undefined : diskOf(args.disk);
    const size = sizeOf(called, container.limits);
    const definition = new TaskDefinition(
      `${name}-definition`,
      {
        family: accountName(place, called),
        requiresCompatibilities: ["FARGATE"],
        networkMode: "awsvpc",
        cpu: String(size.cpu),
        memory: String(size.memory),
        runtimePlatform: { operatingSystemFamily: "LINUX", cpuArchitecture: place.architecture === "arm64" ? "ARM64" : "X86_64" },
        ...(disk !== undefined && { ephemeralStorage: { sizeInGib: disk } }),
        taskRoleArn: roles.task,
        executionRoleArn: roles.execution,
        volumes: toVolumes(
          called,
          steps.map(({ step }) => step),
          { points, fileSystemId: planned(storage.id, `fs-${place.stack}`), entered },
        ),
        containerDefinitions: toDefinitions(steps, { region: place.region, entered, logGroup }, called),
        // What a deployment that never gets well is taken back to: ECS starts nothing from a revision that is deregistered.
        skipDestroy: true,
        tags: { ...tags },
      },
      { ...parent, dependsOn: [logs, ...roles.policies] },
    );
    this.definition = definition.arn;
    this.family = accountName(place, called);
    this.entered = entered;
    this.resources = [definition];
    this.registerOutputs({ definition: this.definition });
  }
}

/** A container, and where Fargate finds its secret variables. */
interface Filled {
  readonly step: Step;
  readonly from: ValuesFrom;
}

/** The containers of a task, in the order in which they start. */
function stepsOf(name: string, { of, tags, container, jobs = [] }: HardenedTaskArgs, parent: pulumi.Resource): Filled[] {
  const kept = { of, tags };
  const before = jobs.flatMap((job): Filled[] => {
    const { image, program, environment, mounts } = job;
    const step = { name: job.name, image, user: userOf(job), program, environment, mounts, workingDirectory: "/workspace" };
    const written = writtenFor(`${name}-${job.name}`, step, kept, parent);
    const from = variablesOf(name, secretsIn(environment), { ...kept, what: `${job.name}-environment` }, parent);
    return [
      ...(written === undefined ? [] : [written]),
      { step: { ...step, essential: false, after: written === undefined ? [] : [written.step.name] }, from },
    ];
  });
  const written = writtenFor(name, container, kept, parent);
  const from = variablesOf(name, secretsIn(container.environment), { ...kept, what: "environment" }, parent);
  const first = [...before, ...(written === undefined ? [] : [written])];
  return [...first, { step: { ...container, after: first.map(({ step }) => step.name) }, from }];
}

function secretsIn(environment: HardenedContainer["environment"]): Record<string, SecretReference> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([key, value]) => (value instanceof SecretReference ? [[key, value] as const] : [])),
  );
}

const foldersOf = (called: string, { mounts }: Step, points: AccessPoints) =>
  mounts.flatMap(({ source, readOnly }) => {
    const volume = placeOf(called, source) ?? "";
    const accessPoint = points.get(volume);
    return accessPoint === undefined ? [] : [{ volume, accessPoint, readOnly }];
  });

function sizeOf(called: string, limits: { readonly memory: number; readonly cpu: number }): TaskSize {
  const size = taskSize(limits);
  if (size === undefined) throw new Error(`${called}: Fargate has no task with so much memory and processor time`);
  return size;
}

/** What stands for what AWS has yet to say, no shorter than that is. */
const notYet = { image: "x".repeat(200), from: "x".repeat(300) } as const;

/**
 * The containers as JSON, which is the same for the same containers, whatever order they were described in.
 *
 * @throws Error when they are larger than ECS takes
 */
function toDefinitions(steps: readonly Filled[], place: TaskPlace, called: string): pulumi.Output<string> {
  const text = (images: readonly string[], secrets: readonly Readonly<Record<string, string>>[]) => {
    const definitions = steps.map(({ step }, index) =>
      toContainerDefinition(step, { image: images[index] ?? "", secrets: secrets[index] ?? {} }, place, called),
    );
    return JSON.stringify(definitions.sort((one, other) => (one.name < other.name ? -1 : 1)));
  };
  const longest = text(
    steps.map(() => notYet.image),
    steps.map(({ from }) => Object.fromEntries(Object.keys(from).map((key) => [key, notYet.from]))),
  );
  if (Buffer.byteLength(longest) > longestDefinition)
    throw new Error(
      `${called}: what it is made of takes more than the ${longestDefinition} bytes that ECS takes; shorten its variables, or what its agent is told`,
    );
  const [images, secrets] = [pulumi.all(steps.map(({ step }) => step.image)), pulumi.all(steps.map(({ from }) => pulumi.all({ ...from })))];
  return pulumi.all([images, secrets]).apply(([known, from]) => text(known, from));
}

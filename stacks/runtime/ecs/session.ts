import { setTimeout as delay } from "node:timers/promises";
import type { Writable } from "node:stream";
import { type Service, StopTaskCommand, TagResourceCommand, UntagResourceCommand, UpdateServiceCommand } from "@aws-sdk/client-ecs";
import type {
  CommandOptions,
  CommandPlace,
  Description,
  Health,
  LogOptions,
  RunningPart,
  Session,
  StartedCommand,
  Usage,
} from "../runtime.ts";
import { FargateError } from "./answers.ts";
import { describe, type Surrounding } from "./describe.ts";
import { execute } from "./execute.ts";
import { askHealth } from "./health.ts";
import { type LogPlace, logPlace, passLogs } from "./logs.ts";
import { containerIn, type FargateObjects, nameIn, sessionContainer, tagOf } from "./objects.ts";

/** Something of a session's that is a service, whose task may be another one at the next question. */
export abstract class ServicePart implements RunningPart {
  protected readonly objects: FargateObjects;
  readonly #container: string;

  constructor(objects: FargateObjects, container: string) {
    this.objects = objects;
    this.#container = container;
  }

  /** @throws Error where it is not there */
  protected abstract service(): Promise<Service>;

  /** Where it prints to. */
  protected async printsTo(): Promise<LogPlace> {
    return logPlace(containerIn(await this.objects.definition(await this.service()), this.#container));
  }

  abstract start(command: readonly string[], options?: CommandOptions): Promise<StartedCommand>;

  async logs(options: LogOptions, output: Writable): Promise<void> {
    await passLogs(this.objects.client, await this.printsTo(), options, output);
  }
}

/** What serves a session. */
export class ServingPart extends ServicePart {
  readonly #find: () => Promise<Service>;
  readonly #lines: string | undefined;

  /** @param lines those of one session's, as CloudWatch Logs are asked for them, where it serves others too */
  constructor(objects: FargateObjects, container: string, find: () => Promise<Service>, lines?: string) {
    super(objects, container);
    this.#find = find;
    this.#lines = lines;
  }

  protected override async printsTo(): Promise<LogPlace> {
    const place = await super.printsTo();
    return this.#lines === undefined ? place : { ...place, filter: this.#lines };
  }

  protected override service(): Promise<Service> {
    return this.#find();
  }

  override async start(): Promise<StartedCommand> {
    throw new FargateError(`commands run in sessions alone, and not in ${(await this.#find()).serviceName}, which serves them`);
  }
}

/** Seconds until tasks that were told to end have ended, beyond the two minutes that they may be given for it. */
const patience = 180;

/** Keeps how many tasks a session had when it was stopped. */
const countTag = "agent-sessions:tasks";

/** A session as an ECS service of one task, or of several as a pool, of which commands go to the newest. */
export class EcsSession extends ServicePart implements Session {
  readonly id: string;
  readonly #surrounding: () => Promise<Surrounding>;

  /** @param surrounding asked when it is described */
  constructor(objects: FargateObjects, id: string, surrounding: () => Promise<Surrounding>) {
    super(objects, sessionContainer);
    this.id = id;
    this.#surrounding = surrounding;
  }

  protected override service(): Promise<Service> {
    return this.objects.session(this.id);
  }

  override async start(command: readonly string[], options: CommandOptions = {}): Promise<StartedCommand> {
    const service = await this.service();
    const [[task], definition] = await Promise.all([this.objects.tasks(service), this.objects.definition(service)]);
    const own = containerIn(definition, sessionContainer)?.user;
    if (options.user !== undefined && ![own, own?.split(":")[0]].includes(options.user))
      throw new FargateError(`commands in its task run as ${own}, and no other user than that can be had: ${options.user}`);
    return execute(this.objects.client, { service, task }, command, options);
  }

  health(): Promise<Health> {
    return askHealth(this.objects, this.id);
  }

  async describe(): Promise<Description> {
    const [service, surrounding] = await Promise.all([this.service(), this.#surrounding()]);
    const [definition, [task]] = await Promise.all([this.objects.definition(service), this.objects.tasks(service)]);
    return describe({ service, definition, task }, surrounding);
  }

  /** Container Insights count by the minute alone, and whoever looks at them pays for each question. */
  async usage(): Promise<Usage | undefined> {
    return undefined;
  }

  async variable(name: string): Promise<string | undefined> {
    const container = containerIn(await this.objects.definition(await this.service()), sessionContainer);
    return container?.environment?.find((own) => own.name === name)?.value;
  }

  async begin(): Promise<void> {
    const service = await this.service();
    if ((service.desiredCount ?? 0) > 0) return;
    const count = Number(tagOf(service, countTag) ?? 1);
    await this.#scale(service, count);
    const { ecs } = this.objects.client;
    await ecs.send(new UntagResourceCommand({ resourceArn: service.serviceArn, tagKeys: [countTag] }));
    this.objects.forget();
  }

  /** A pool's size is noted: the settings may have changed by the time it begins again. */
  async stop(): Promise<void> {
    const service = await this.service();
    const { ecs } = this.objects.client;
    if ((service.desiredCount ?? 0) > 0) {
      const value = String(service.desiredCount);
      await ecs.send(new TagResourceCommand({ resourceArn: service.serviceArn, tags: [{ key: countTag, value }] }));
      await this.#scale(service, 0);
    }
    await this.#gone(service);
  }

  /** The service makes each task anew. */
  async restart(): Promise<void> {
    const service = await this.service();
    const { ecs, place } = this.objects.client;
    const tasks = await this.objects.tasks(service);
    for (const { taskArn } of tasks)
      await ecs.send(new StopTaskCommand({ cluster: place.cluster, task: taskArn, reason: "sessions start runs it again" }));
    await this.#gone(
      service,
      tasks.map(({ taskArn }) => taskArn),
    );
  }

  async inWorkspace<T>(work: (place: CommandPlace) => Promise<T>): Promise<T> {
    return work(this);
  }

  async #scale({ serviceArn }: Service, desiredCount: number): Promise<void> {
    const { ecs, place } = this.objects.client;
    await ecs.send(new UpdateServiceCommand({ cluster: place.cluster, service: serviceArn, desiredCount }));
  }

  /** Waits until tasks have ended. @param which all when left out */
  async #gone(service: Service, which?: readonly (string | undefined)[]): Promise<void> {
    const deadline = Date.now() + patience * 1000;
    for (;;) {
      this.objects.forget();
      const ending = (await this.objects.ended(service)).filter(({ lastStatus }) => lastStatus !== "STOPPED");
      const left = [...(await this.objects.tasks(service)), ...ending].filter(
        ({ taskArn }) => which === undefined || which.includes(taskArn),
      );
      if (left.length === 0) return;
      if (Date.now() > deadline)
        throw new FargateError(
          `${left.map(({ taskArn }) => nameIn(taskArn)).join(", ")} was told to end ${patience} seconds ago and has not; look at it in the ECS console`,
        );
      await delay(1000);
    }
  }
}

import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Writable } from "node:stream";
import {
  DeleteTaskDefinitionsCommand,
  DeregisterTaskDefinitionCommand,
  DescribeTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  type Service,
  StopTaskCommand,
  type Task,
  type TaskDefinition,
} from "@aws-sdk/client-ecs";
import { stackTags, tagNames } from "../../../components/fargate/tags.ts";
import { eachPiece, passOn } from "../../streams.ts";
import type { CommandOptions, CommandPlace, StartedCommand } from "../runtime.ts";
import { FargateError, ignore } from "./answers.ts";
import { allLines, type LogPlace, logPlace } from "./logs.ts";
import { containerIn, type FargateObjects, nameIn, sessionContainer } from "./objects.ts";

/** Seconds until a task of Fargate's runs, its images pulled and what runs before it done. */
export const startSeconds = 180;

/** Seconds until CloudWatch shows what was printed last. */
const shownWithin = 30;

/**
 * Runs commands in tasks of their own that are as the session's: its image, its roles, its folders, its secrets and its network. The
 * agent is not in them. What they print is in the session's log.
 */
export class OneOffTasks implements CommandPlace {
  readonly #objects: FargateObjects;
  readonly #id: string;

  constructor(objects: FargateObjects, id: string) {
    this.#objects = objects;
    this.#id = id;
  }

  /** What it is given to read is all that is written before it is carried: nobody can hand a task anything later. */
  async start(command: readonly string[], { environment = {}, folder }: CommandOptions = {}): Promise<StartedCommand> {
    const service = await this.#objects.session(this.#id);
    const given: Buffer[] = [];
    const closing = new AbortController();
    let code: number | undefined;
    return {
      input: eachPiece((piece) => void given.push(piece)),
      carry: async (output) => {
        code = await this.#run(
          service,
          { command, environment, folder, input: () => Buffer.concat(given).toString() },
          output,
          closing.signal,
        );
      },
      resize() {},
      close: () => closing.abort(),
      exitCode: async () => code,
    };
  }

  async #run(service: Service, run: Run, output: Writable, signal: AbortSignal): Promise<number | undefined> {
    const { client } = this.#objects;
    const definition = await this.#objects.definition(service);
    // What was written at once has come by then.
    await delay(0);
    const word = randomBytes(8).toString("hex");
    const marks: Marks = { end: `end ${word}`, cut: `cut ${word}` };
    const made = await client.ecs.send(new RegisterTaskDefinitionCommand(toDefinition(definition, run, marks, this.#tags())));
    const arn = made.taskDefinition?.taskDefinitionArn ?? "";
    try {
      return await this.#follow(service, arn, { place: logPlace(containerIn(definition, sessionContainer)), marks }, output, signal);
    } finally {
      await client.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: arn }));
      // Whoever may not delete it leaves it, and no task is ever made of it again.
      await client.ecs.send(new DeleteTaskDefinitionsCommand({ taskDefinitions: [arn] })).catch(ignore("AccessDeniedException"));
    }
  }

  #tags() {
    const all = { ...stackTags(this.#objects.owner), [tagNames.serves]: this.#id, [tagNames.kind]: "verify" };
    return Object.entries(all).map(([key, value]) => ({ key, value }));
  }

  /** Starts a task, and passes on what it has printed once it has ended. */
  async #follow(
    { networkConfiguration, platformVersion }: Service,
    taskDefinition: string,
    { place, marks }: { readonly place: LogPlace; readonly marks: Marks },
    output: Writable,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const {
      ecs,
      place: { cluster },
    } = this.#objects.client;
    const asked = { cluster, taskDefinition, networkConfiguration, platformVersion, startedBy: "sessions verify", tags: this.#tags() };
    const provider = { capacityProviderStrategy: [{ capacityProvider: "FARGATE" }], count: 1 };
    const { tasks: [task] = [], failures: [failure] = [] } = await ecs.send(new RunTaskCommand({ ...asked, ...provider }));
    if (task?.taskArn === undefined) throw new FargateError(`no task could be started: ${failure?.reason ?? "AWS does not say why"}`);
    try {
      const ended = await this.#ended(task.taskArn, signal);
      await this.#passLines(`${place.streams}${nameIn(task.taskArn)}`, place.group, marks, output);
      const own = ended?.containers?.find(({ name }) => name === sessionContainer);
      if (ended !== undefined && own?.exitCode === undefined)
        throw new FargateError(`the task for it did not run: ${own?.reason ?? ended.stoppedReason ?? "AWS does not say why"}`);
      return own?.exitCode;
    } finally {
      await ecs.send(new StopTaskCommand({ cluster, task: task.taskArn, reason: "sessions verify is done with it" }));
    }
  }

  /** The task once it has ended; nothing where nobody waits any more. */
  async #ended(arn: string, signal: AbortSignal): Promise<Task | undefined> {
    const { ecs, place } = this.#objects.client;
    while (!signal.aborted) {
      const { tasks: [task] = [] } = await ecs.send(new DescribeTasksCommand({ cluster: place.cluster, tasks: [arn] }));
      if (task?.lastStatus === "STOPPED") return task;
      await delay(pause);
    }
    return undefined;
  }

  async #passLines(stream: string, group: string, { end, cut }: Marks, output: Writable): Promise<void> {
    const deadline = Date.now() + shownWithin * 1000;
    for (;;) {
      const lines = (await allLines(this.#objects.client.logs, { group, stream })).map(({ message = "" }) => message);
      const whole = lines.includes(end);
      if (whole || Date.now() > deadline) {
        const text = lines.flatMap((line) => (line === end ? [] : [`${line}\n`])).join("");
        await passOn(output, text.replaceAll(`${cut}\n`, ""));
        return;
      }
      await delay(pause);
    }
  }
}

/** Milliseconds between two questions. */
const pause = 1000;

/** What a task of its own runs. */
interface Run {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string | undefined;
  readonly input: () => string;
}

/** What a task prints besides, by which its lines are read. */
interface Marks {
  /** A line at the end, by which all that came before has been shown. */
  readonly end: string;
  /** At the end of a piece of a line that goes on. */
  readonly cut: string;
}

/** Of what is longer than 16 KiB the log driver makes lines of their own: 4000 characters have four bytes each at most. */
const inPieces = `import sys
for line in open(0, encoding="utf-8", errors="surrogateescape", newline="\\n"):
    text = line.rstrip("\\n")
    pieces = [text[at : at + 4000] for at in range(0, len(text), 4000)]
    print((sys.argv[1] + "\\n").join(pieces), flush=True)`;

/** $1: what is read, $2: what ends all, $3: what ends a piece, $4: {@link inPieces}. */
const script = `printf %s "$1" | "\${@:5}" 2>&1 | python3 -I -X utf8 -c "$4" "$3"
code=\${PIPESTATUS[1]}
printf '%s\\n' "$2"
exit $code`;

/** A session's task with another program: what it is told of a health check or a port is the agent's. */
function toDefinition(
  { family, containerDefinitions = [], ...definition }: TaskDefinition,
  run: Run,
  { end, cut }: Marks,
  tags: { key: string; value: string }[],
) {
  const { command, environment, folder, input } = run;
  const { taskRoleArn, executionRoleArn, networkMode, volumes, requiresCompatibilities, cpu, memory, runtimePlatform, ephemeralStorage } =
    definition;
  return {
    taskRoleArn,
    executionRoleArn,
    networkMode,
    volumes,
    requiresCompatibilities,
    cpu,
    memory,
    runtimePlatform,
    ephemeralStorage,
    family: `${family}-verify`,
    containerDefinitions: containerDefinitions.map(({ healthCheck, ...container }) => {
      if (container.name !== sessionContainer) return { ...container, ...(healthCheck !== undefined && { healthCheck }) };
      const own = (container.environment ?? []).filter(({ name = "" }) => !Object.hasOwn(environment, name));
      return {
        ...container,
        command: ["bash", "-c", script, "verify", input(), end, cut, inPieces, ...command],
        environment: [...own, ...Object.entries(environment).map(([name, value]) => ({ name, value }))],
        ...(folder !== undefined && { workingDirectory: folder }),
      };
    }),
    tags,
  };
}

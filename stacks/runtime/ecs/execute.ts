import { randomBytes } from "node:crypto";
import { ExecuteCommandCommand, type Service, type Task } from "@aws-sdk/client-ecs";
import type { CommandOptions, StartedCommand } from "../runtime.ts";
import { FargateError } from "./answers.ts";
import type { FargateClient } from "./client.ts";
import { enterBy } from "./entry.ts";
import { nameIn, sessionContainer } from "./objects.ts";
import { openLine, requirePlugin } from "./plugin.ts";

/** Says why no command can be run in a service's tasks, where ECS Exec is off. */
function refuseClosed({ serviceName, enableExecuteCommand }: Service): void {
  if (enableExecuteCommand === true) return;
  throw new FargateError(
    `no command can be run in ${serviceName}, as ECS Exec is off; agent-sessions:ecs: {execute: ephemeral-volumes} turns it on, and says what that costs`,
  );
}

/** The container of a task that takes commands. @throws Error saying why none does */
function containerThatRuns(service: Service, task: Task | undefined) {
  const container = task?.containers?.find(({ name }) => name === sessionContainer);
  if (task === undefined || container?.lastStatus !== "RUNNING")
    throw new FargateError(
      `${service.serviceName} has no task that runs, and no command can be run in it; sessions list says why, and sessions start runs one that was stopped`,
    );
  const agent = container.managedAgents?.find(({ name }) => name === "ExecuteCommandAgent");
  if (task.enableExecuteCommand !== true || agent === undefined)
    throw new FargateError(`the task ${nameIn(task.taskArn)} was started while ECS Exec was off; sessions stop and start make it anew`);
  if (agent.lastStatus !== "RUNNING")
    throw new FargateError(
      `AWS's agent in the task ${nameIn(task.taskArn)} is ${agent.lastStatus ?? "not there"}${agent.reason === undefined ? "" : ` (${agent.reason})`}, and without it no command can be run there; it takes a minute to start`,
    );
  return { arn: task.taskArn ?? "", runtimeId: container.runtimeId ?? "" };
}

/** Runs a command in a session's task, as its user, by ECS Exec. @throws Error saying what is missing, before AWS is asked for a line */
export async function execute(
  { ecs, place }: FargateClient,
  { service, task }: { readonly service: Service; readonly task: Task | undefined },
  command: readonly string[],
  options: CommandOptions,
): Promise<StartedCommand> {
  refuseClosed(service);
  const { arn, runtimeId } = containerThatRuns(service, task);
  requirePlugin();
  const word = randomBytes(16).toString("hex");
  const { user: _, ...asked } = options;
  const line = ["/usr/local/bin/session-entry", word, JSON.stringify(asked), ...command].map(quoted).join(" ");
  const about = { cluster: place.cluster, task: arn, container: sessionContainer };
  const { session } = await ecs.send(new ExecuteCommandCommand({ ...about, command: line, interactive: true }));
  if (session === undefined) throw new FargateError("AWS opened no line to the task, and does not say why");
  return enterBy(openLine(place, session, `ecs:${place.cluster}_${nameIn(arn)}_${runtimeId}`), word);
}

/** A word as AWS's agent in a task splits a command line: as a shell does, and nothing is replaced. */
const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

import type { Task } from "@aws-sdk/client-ecs";
import { containerName } from "../../../components/session.ts";
import type { Health } from "../runtime.ts";
import { type SessionState, stateText } from "../session-state.ts";
import { ignore } from "./answers.ts";
import { lastLines, logPlace } from "./logs.ts";
import { containerIn, type FargateObjects, nameIn, sessionContainer } from "./objects.ts";
import { endPattern, isRunning, taskState } from "./state.ts";

/** What a session is now: what ECS says of its tasks, and what it has said itself last. */
export async function askHealth(objects: FargateObjects, id: string): Promise<Health> {
  const [service] = await objects.sessions(id);
  if (service === undefined) return { session: id, container: containerName(id), state: "stopped", why: "it is not there" };
  const tasks = await objects.tasks(service);
  // Of a pool the one that is worst off tells.
  const [task] = tasks.toSorted((a, b) => Number(isRunning(a)) - Number(isRunning(b)));
  const [ended] = task !== undefined && isRunning(task) ? [] : await objects.ended(service);
  const end = task !== undefined && isRunning(task) ? await endIn(objects, task) : undefined;
  const state = taskState({ service, task, ended, end });
  return {
    session: id,
    container: task === undefined ? containerName(id) : nameIn(task.taskArn),
    ...ofPool(service.desiredCount, tasks, state),
  };
}

/** Of a pool each task is to run; what was asked is one of them. */
function ofPool(wanted = 1, tasks: readonly Task[], state: SessionState): SessionState {
  const running = tasks.filter(isRunning).length;
  if (wanted <= 1 || running >= wanted) return state;
  const one = state.state === "starting" ? "" : `, one is ${stateText(state)}`;
  return { ...state, why: `${running} of ${wanted} tasks run${one}` };
}

/** Lines: a session that has ended for good prints nothing more, but its log may have come in another order. */
const lastFew = 20;

/** The line by which a session says that it has ended for good. */
async function endIn(objects: FargateObjects, { taskArn, taskDefinitionArn }: Task): Promise<string | undefined> {
  const container = containerIn(await objects.definition({ taskDefinition: taskDefinitionArn }), sessionContainer);
  const { group, streams } = logPlace(container);
  const asked = { group, stream: `${streams}${nameIn(taskArn)}`, most: lastFew };
  const lines = await lastLines(objects.client.logs, asked).catch(ignore("ResourceNotFoundException"));
  return lines?.findLast(({ message = "" }) => endPattern.test(message))?.message;
}

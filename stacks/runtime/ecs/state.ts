import type { Service, Task } from "@aws-sdk/client-ecs";
import type { SessionState } from "../session-state.ts";
import { sessionContainer } from "./objects.ts";

/** What AWS and its own log say of a session. */
export interface Told {
  readonly service: Pick<Service, "desiredCount" | "deployments" | "events">;
  /** The newest task that is to run; nothing where there is none. */
  readonly task?: Task | undefined;
  /** The newest of those that ended lately. */
  readonly ended?: Task | undefined;
  /** The last line of the task by which the session itself says how it ended; see {@link endPattern}. */
  readonly end?: string | undefined;
}

/**
 * What a session says when it has ended for good. ECS hands out no word of a health check, and one that has ended goes on running
 * and is well by its check. The agent can write such a line too; it could as well end itself.
 */
export const endPattern = /^session: (complete|failed): (.*)$/;

const ownIn = (task: Task | undefined) => task?.containers?.find(({ name }) => name === sessionContainer);

/** Whether a session's own container runs in a task. */
export const isRunning = (task: Task): boolean => task.lastStatus === "RUNNING" && ownIn(task)?.lastStatus === "RUNNING";

/** Tells a session's state from what AWS says of its service and tasks, and from its log. */
export function taskState({ service, task, ended, end }: Told): SessionState {
  if (service.desiredCount === 0) return { state: "stopped", ...(task !== undefined && { why: "its task is ending" }) };
  const failed = service.deployments?.find(({ rolloutState }) => rolloutState === "FAILED");
  if (task === undefined) {
    const why = endOf(ended) ?? failed?.rolloutStateReason ?? refusalIn(service);
    return why === undefined ? { state: "starting" } : { state: "unhealthy", why: shortened(why), ...codeOf(ended) };
  }
  if (!isRunning(task)) {
    const why = endOf(ended);
    return { state: "starting", ...(why !== undefined && { why: shortened(why), ...codeOf(ended) }) };
  }
  const word = end === undefined ? undefined : readEnd(end);
  if (word !== undefined) return word;
  const healthStatus = ownIn(task)?.healthStatus;
  if (healthStatus === "HEALTHY") return { state: "healthy" };
  return { state: healthStatus === "UNHEALTHY" ? "unhealthy" : "starting" };
}

/** Reads the line in which a session says that it has ended. */
function readEnd(line: string): SessionState | undefined {
  const [, how, rest = ""] = endPattern.exec(line) ?? [];
  if (how === undefined) return undefined;
  if (how === "complete") return { state: "complete", why: /"reason":"([a-z-]+)"/.exec(rest)?.[1] ?? "agent-exit" };
  const why = shortened(rest.split(". ")[0] ?? "");
  const [, exitCode, starts] = /^exit (\d+), (\d+) starts?$/.exec(why) ?? [];
  return { state: "failed", why, ...(exitCode !== undefined && { exitCode: Number(exitCode), starts: Number(starts) }) };
}

/** Why a task ended: what its containers say comes before what ECS makes of it. */
function endOf(task: Task | undefined): string | undefined {
  if (task === undefined) return undefined;
  const own = ownIn(task);
  const other = task.containers?.find(
    ({ name, exitCode, reason }) => name !== sessionContainer && (reason !== undefined || (exitCode ?? 0) !== 0),
  );
  if (own?.reason?.startsWith("OutOfMemory")) return `out of memory, exit ${own.exitCode ?? 137}`;
  if (own?.reason !== undefined) return own.reason;
  if (other !== undefined) return `${other.name}: ${other.reason ?? `exit ${other.exitCode}`}`;
  if ((own?.exitCode ?? 0) !== 0) return `exit ${own?.exitCode}`;
  // Being told to end is none of its failures.
  return task.stopCode === "UserInitiated" || task.stopCode === "ServiceSchedulerInitiated" ? undefined : task.stoppedReason;
}

function codeOf(task: Task | undefined): Pick<SessionState, "exitCode"> {
  const { exitCode } = ownIn(task) ?? {};
  return exitCode === undefined ? {} : { exitCode };
}

/** Why ECS makes no task, where its last word is of that. */
function refusalIn({ events = [] }: Pick<Service, "events">): string | undefined {
  const [last] = events;
  return last?.message?.includes("unable to") ? last.message.replace(/^\(service \S+\) /, "") : undefined;
}

/** Words that others wrote: one line, of some length. */
function shortened(text: string): string {
  const line = text.replace(/[^!-~]+/g, " ").trim();
  return line.length > 200 ? `${line.slice(0, 199).trimEnd()}…` : line;
}

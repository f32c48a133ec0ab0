import type Docker from "dockerode";

/** What a session is found to be, in the words that every command uses. */
export interface SessionState {
  readonly state: "starting" | "healthy" | "unhealthy" | "complete" | "failed" | "key refused" | "stopped";
  /**
   * For people, in a few words: `agent-exit`, `idle` or `lifetime` of a complete session, `exit 3, 4 starts` or `disk 2 GB of 1 GB` of
   * a failed one, `401` of a refused key.
   */
  readonly why?: string;
  /** What the agent, or the container, ended with last. Nothing of the agent runs then, unless it is about to start again. */
  readonly exitCode?: number;
  /** How often the agent was started, where it has failed. */
  readonly starts?: number;
}

const answered = ["starting", "healthy", "complete", "failed", "key refused"] as const;

/** How a container ends that was told to. */
const stopped = [0, 137, 143];

/**
 * Tells a session's state from what the engine says of its container.
 *
 * @param answer what the session's own health check says now; the engine's last check of it when left out, which is up to an interval old
 */
export function sessionState(inspected: Pick<Docker.ContainerInspectInfo, "State" | "RestartCount">, answer?: string): SessionState {
  const { State, RestartCount = 0 } = inspected;
  const exitCode = State.ExitCode;
  if (State.Restarting) {
    const starts = RestartCount + 1;
    return { state: "unhealthy", why: endText(exitCode, starts), exitCode, starts };
  }
  if (State.Paused) return { state: "stopped", why: "paused" };
  if (!State.Running)
    return {
      state: "stopped",
      ...(State.Status === "created" ? {} : { exitCode }),
      ...(!stopped.includes(exitCode) && { why: endText(exitCode) }),
    };
  return readAnswer(answer ?? lastAnswer(State)) ?? { state: "starting" };
}

/** A state in one line: `complete (agent-exit)`, `failed (exit 3, 4 starts)`, `key refused (401)`. */
export function stateText({ state, why }: Pick<SessionState, "state" | "why">): string {
  return why === undefined ? state : `${state} (${why})`;
}

/** Whether a session is as it should be. */
export const isWell = ({ state }: SessionState): boolean => state === "healthy" || state === "complete";

/** Whether a session stays as it is until somebody does something about it. */
export const isSettled = ({ state }: SessionState): boolean => state !== "starting" && state !== "unhealthy" && state !== "stopped";

/** Whether nothing of the agent runs any more, though the session's container does, until the session is started again. */
export const hasEnded = ({ state, exitCode }: SessionState): boolean =>
  state === "complete" || state === "failed" || (state === "key refused" && exitCode !== undefined);

const endText = (exitCode: number, starts?: number) =>
  `exit ${exitCode}${starts === undefined ? "" : `, ${starts} ${starts === 1 ? "start" : "starts"}`}`;

/** The engine keeps the answers of before the start too, and its own words where a check took too long. */
function lastAnswer({ Health, StartedAt }: Docker.ContainerInspectInfo["State"]): string | undefined {
  return (Health?.Log ?? []).findLast(({ Start, Output }) => Date.parse(Start) >= Date.parse(StartedAt) && /^\{/.test(Output))?.Output;
}

/** What a session's health check printed. Whatever runs in the session can write there too, so no control character comes through. */
function readAnswer(text: string | undefined): SessionState | undefined {
  if (text === undefined) return undefined;
  let read: Readonly<Record<string, unknown>>;
  try {
    read = JSON.parse(text.slice(text.indexOf("{"))) as typeof read;
  } catch {
    return undefined;
  }
  const why = String(read.reason ?? "")
    .replace(/[^ -~]/g, "")
    .slice(0, 200);
  const { exitCode, starts } = read;
  return {
    state: answered.find((name) => name === read.status) ?? "unhealthy",
    ...(why !== "" && { why }),
    ...(Number.isInteger(exitCode) && { exitCode: Number(exitCode) }),
    ...(Number.isInteger(starts) && { starts: Number(starts) }),
  };
}

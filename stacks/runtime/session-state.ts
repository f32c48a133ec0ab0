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

/** What a session's health check printed. Whatever runs in the session can write there too, so no control character comes through. */
export function readAnswer(text: string | undefined): SessionState | undefined {
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

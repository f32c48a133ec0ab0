// What a session is, in the words of the commands, from what the engine says of its container.

/** All that a session can be found to be. */
export const states = ["starting", "healthy", "unhealthy", "complete", "failed", "key refused", "stopped"] as const;
export type State = (typeof states)[number];

/** What is read of the engine's answer about a container. */
export interface Inspected {
  readonly RestartCount?: number;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly Paused: boolean;
    readonly Restarting: boolean;
    readonly ExitCode: number;
    /** Why it cannot be started. */
    readonly Error?: string;
    readonly StartedAt: string;
    readonly Health?: { readonly Log?: readonly { readonly Start: string; readonly Output: string }[] | null } | null;
  };
}

export interface SessionState {
  readonly state: State;
  /** In a few words, which whatever runs in the session may have written. */
  readonly why?: string;
  /** It cannot be started, and the engine does not try again. One that only ended was stopped by somebody: the engine starts all others. */
  readonly broken?: true;
}

const answered: readonly State[] = ["starting", "healthy", "complete", "failed", "key refused"];

/** How a container ends that was told to. */
const toldTo = [0, 137, 143];

export function sessionState({ State, RestartCount = 0 }: Inspected): SessionState {
  const exit = `exit ${State.ExitCode}`;
  if (State.Restarting) return { state: "unhealthy", why: `${exit}, ${RestartCount + 1} ${RestartCount === 0 ? "start" : "starts"}` };
  if (State.Paused) return { state: "stopped", why: "paused" };
  if (!State.Running) {
    const why = !toldTo.includes(State.ExitCode) && { why: exit };
    return { state: "stopped", ...why, ...((State.Error ?? "") !== "" && { broken: true }) };
  }
  const began = Date.parse(State.StartedAt);
  // The engine keeps the answers of before the start too, and its own words where a check took too long.
  const last = (State.Health?.Log ?? []).findLast(({ Start, Output }) => Date.parse(Start) >= began && Output.startsWith("{"));
  return readAnswer(last?.Output) ?? { state: "starting" };
}

function readAnswer(text: string | undefined): SessionState | undefined {
  if (text === undefined) return undefined;
  try {
    const { status, reason = "" } = JSON.parse(text) as { status?: unknown; reason?: unknown };
    const why = String(reason)
      .replace(/[^ -~]/g, "")
      .slice(0, 200);
    return { state: answered.find((state) => state === status) ?? "unhealthy", ...(why !== "" && { why }) };
  } catch {
    return undefined;
  }
}

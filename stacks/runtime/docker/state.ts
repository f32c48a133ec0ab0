import type Docker from "dockerode";
import { readAnswer, type SessionState } from "../session-state.ts";

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

const endText = (exitCode: number, starts?: number) =>
  `exit ${exitCode}${starts === undefined ? "" : `, ${starts} ${starts === 1 ? "start" : "starts"}`}`;

/** The engine keeps the answers of before the start too, and its own words where a check took too long. */
function lastAnswer({ Health, StartedAt }: Docker.ContainerInspectInfo["State"]): string | undefined {
  return (Health?.Log ?? []).findLast(({ Start, Output }) => Date.parse(Start) >= Date.parse(StartedAt) && /^\{/.test(Output))?.Output;
}

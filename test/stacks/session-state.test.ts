import type Docker from "dockerode";
import { describe, expect, test } from "vitest";
import { sessionState as supervisedState, states } from "../../images/supervisor/files/session-state.ts";
import { sessionState } from "../../stacks/runtime/docker/state.ts";
import { hasEnded, isSettled, isWell, type SessionState, stateText } from "../../stacks/runtime/session-state.ts";

type Inspected = Pick<Docker.ContainerInspectInfo, "State" | "RestartCount">;

const answer = (status: string, rest = "") => `{"status":"${status}"${rest},"timestamp":"2026-01-01T00:00:10Z"}\n`;
const failed = answer("failed", ',"reason":"exit 3, 4 starts","exitCode":3,"starts":4');
const disk = answer("failed", ',"reason":"disk 2 GB of 1 GB"');

const inspected = (state: object, restarts = 0) =>
  ({ State: { StartedAt: "2026-01-01T00:00:05.123456789Z", ExitCode: 0, ...state }, RestartCount: restarts }) as unknown as Inspected;
const running = (...log: [string, string][]) =>
  inspected({ Status: "running", Running: true, Health: { Log: log.map(([Start, Output]) => ({ Start, Output })) } });
const after = "2026-01-01T00:00:06Z";

describe("what a session is", () => {
  test.each<[string, Inspected, string]>([
    ["healthy by the last check", running([after, disk], ["2026-01-01T01:00:07+01:00", answer("healthy")]), "healthy"],
    ["complete, with what ended it", running([after, answer("complete", ',"reason":"agent-exit"')]), "complete (agent-exit)"],
    ["failed, with the exit code and the starts", running([after, failed]), "failed (exit 3, 4 starts)"],
    ["failed for another reason", running([after, disk]), "failed (disk 2 GB of 1 GB)"],
    ["one whose key is refused", running([after, answer("key refused", ',"reason":"401"')]), "key refused (401)"],
    ["starting", running([after, answer("starting")]), "starting"],
    ["unhealthy", running([after, answer("unhealthy", ',"reason":"tmux does not answer"')]), "unhealthy (tmux does not answer)"],
    [
      "what the last real answer says",
      running([after, disk], ["2026-01-01T00:00:08Z", "Health check exceeded timeout (10s)"]),
      "failed (disk 2 GB of 1 GB)",
    ],
    ["nothing of before the start", running(["2026-01-01T00:00:05.1Z", disk]), "starting"],
    ["starting before the first check", running(), "starting"],
    ["starting with an answer that is cut off", running([after, '{"status":"fai']), "starting"],
    ["unhealthy with a word that nobody knows", running([after, answer("splendid")]), "unhealthy"],
    [
      "without what a terminal would act upon",
      running([after, answer("failed", ',"reason":"\\u001b]52;c;aGk=\\u0007disk"')]),
      "failed (]52;c;aGk=disk)",
    ],
    [
      "of one line, whatever was said",
      running([after, answer("failed", `,"reason":["${"x".repeat(999)}"]`)]),
      `failed (${"x".repeat(200)})`,
    ],
    [
      "stopped, whatever was said before",
      inspected({ Status: "exited", ExitCode: 143, Health: { Log: [{ Start: after, Output: failed }] } }),
      "stopped",
    ],
    ["stopped with the code of one that ended by itself", inspected({ Status: "exited", ExitCode: 1 }), "stopped (exit 1)"],
    ["stopped before its first start", inspected({ Status: "created" }), "stopped"],
    ["stopped while it is paused", inspected({ Status: "paused", Running: true, Paused: true }), "stopped (paused)"],
    ["unhealthy between two starts", inspected({ Running: true, Restarting: true, ExitCode: 3 }, 8), "unhealthy (exit 3, 9 starts)"],
  ])("is %s", (_, found, expected) => {
    expect(stateText(sessionState(found))).toBe(expected);
    // The supervisor's own words, which stand in an image of theirs.
    expect(stateText(supervisedState(found))).toBe(expected);
  });

  test("is one of the states that the supervisor counts", () => {
    expect(new Set(states)).toEqual(
      new Set(["starting", "healthy", "unhealthy", "complete", "failed", "key refused", "stopped"] satisfies SessionState["state"][]),
    );
  });

  test("is what it answers now, rather than what the engine heard last", () => {
    expect(sessionState(running([after, answer("healthy")]), failed)).toEqual({
      state: "failed",
      why: "exit 3, 4 starts",
      exitCode: 3,
      starts: 4,
    });
    // No answer is no news.
    expect(sessionState(running([after, answer("healthy")]), undefined).state).toBe("healthy");
  });

  test.each([
    [{ state: "healthy" }, true, true, false],
    [{ state: "complete", why: "idle" }, true, true, true],
    [{ state: "failed" }, false, true, true],
    [{ state: "key refused" }, false, true, false],
    [{ state: "key refused", exitCode: 1 }, false, true, true],
    [{ state: "starting" }, false, false, false],
    [{ state: "unhealthy" }, false, false, false],
    [{ state: "stopped" }, false, false, false],
  ] as const)("%j: well %s, settled %s, ended %s", (state, well, settled, ended) => {
    expect([isWell(state), isSettled(state), hasEnded(state)]).toEqual([well, settled, ended]);
  });
});

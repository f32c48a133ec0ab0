import type Docker from "dockerode";
import { lastOutput } from "../../components/container-engine/output.ts";

/** What a session is found to be. */
export interface Health {
  readonly session: string;
  readonly container: string;
  readonly status: "healthy" | "complete" | "failed" | "unhealthy" | "stopped";
  /** Why it is not healthy. */
  readonly reason?: string;
}

/**
 * Asks a session's own health check, without its counting and without waiting for the engine's next turn, which on engines
 * before version 25 comes only after a whole interval.
 */
export async function askHealth(docker: Docker, session: string, container: string): Promise<Health> {
  const found = docker.getContainer(container);
  try {
    const exec = await found.exec({ Cmd: ["/usr/local/bin/session-health", "--report"], AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({});
    let text = "";
    stream.on("data", (chunk: Buffer) => {
      // An answer is one line, and whatever runs in the session could take its place.
      if (text.length < 4096) text += chunk.toString("utf8");
    });
    await new Promise((resolve, reject) => stream.once("end", resolve).once("error", reject));
    return { session, container, ...readHealth(text) };
  } catch {
    const state = await found.inspect().then(
      ({ State }) => State,
      () => undefined,
    );
    if (state?.Running && !state.Restarting) return { session, container, status: "unhealthy", reason: "the session does not answer yet" };
    const output = state === undefined ? "the container is gone" : await lastOutput(found).catch(() => "");
    return { session, container, status: "stopped", reason: output || `the container is ${state?.Status ?? "gone"}` };
  }
}

/** A session's health in a table: why it has failed stands there too, since it needs somebody. */
export function stateOf({ status, reason }: Pick<Health, "status" | "reason">): string {
  return status === "failed" ? `failed: ${reason}` : status;
}

/** What a session's health check printed. Whatever runs in the session can write there too, so no control character comes through. @throws SyntaxError when that is no answer */
function readHealth(text: string): Pick<Health, "status" | "reason"> {
  const { status, reason } = JSON.parse(text.slice(text.indexOf("{"))) as { status: unknown; reason?: unknown };
  const known = (["healthy", "complete", "failed"] as const).find((name) => name === status);
  const plain = String(reason ?? "")
    .replace(/[^ -~]/g, "")
    .slice(0, 200);
  return { status: known ?? "unhealthy", ...(plain !== "" && { reason: plain }) };
}

/** What the engine's last health check of a session answered since its start; nothing where none has yet. */
export function lastHealth({ State }: Pick<Docker.ContainerInspectInfo, "State">): Pick<Health, "status" | "reason"> | undefined {
  // The engine keeps the answers of before, too, and its own words where a check took too long.
  const answers = (State.Health?.Log ?? []).filter(
    ({ Start, Output }) => Date.parse(Start) >= Date.parse(State.StartedAt) && /^\{/.test(Output),
  );
  const last = State.Running ? answers.at(-1) : undefined;
  try {
    return last === undefined ? undefined : readHealth(last.Output);
  } catch {
    return undefined;
  }
}

/** Whether a session may still become well by itself. */
const mayBecomeWell = ({ status }: Health) => status === "unhealthy" || status === "stopped";

/**
 * Waits until every session is healthy or complete, or has failed for good.
 *
 * @param seconds for all of them together; one that is not healthy by then is reported as it is
 */
export async function waitHealthy(
  docker: Docker,
  sessions: readonly { id: string; container: string }[],
  seconds: number,
  progress: (health: Health) => void,
): Promise<Health[]> {
  const deadline = Date.now() + seconds * 1000;
  // Each question runs a process in the session; too many at once only slow each other down.
  const waiting = [...sessions];
  const results: Health[] = [];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      let health = await askHealth(docker, next.id, next.container);
      while (mayBecomeWell(health) && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        health = await askHealth(docker, next.id, next.container);
      }
      results.push(health);
      progress(health);
    }
  };
  await Promise.all(Array.from({ length: Math.min(8, sessions.length) }, worker));
  return results.sort((a, b) => (a.session < b.session ? -1 : 1));
}

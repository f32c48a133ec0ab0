import type Docker from "dockerode";
import { lastOutput } from "./docker/container.ts";

/** What a session is found to be. */
export interface Health {
  readonly session: string;
  readonly container: string;
  readonly status: "healthy" | "complete" | "unhealthy" | "stopped";
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
      text += chunk.toString("utf8");
    });
    await new Promise((resolve, reject) => stream.once("end", resolve).once("error", reject));
    const answer = JSON.parse(text.slice(text.indexOf("{"))) as { status: string; reason?: string };
    const status = answer.status === "healthy" || answer.status === "complete" ? answer.status : "unhealthy";
    return { session, container, status, ...(answer.reason !== undefined && { reason: answer.reason }) };
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

/**
 * Waits until every session is healthy or complete.
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
      while (health.status !== "healthy" && health.status !== "complete" && Date.now() < deadline) {
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

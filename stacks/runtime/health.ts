import type Docker from "dockerode";
import { lastOutput } from "../../components/container-engine/output.ts";
import { isSettled, isWell, type SessionState, sessionState } from "./session-state.ts";

/** A session's state, of the session that a container is. */
export interface Health extends SessionState {
  readonly session: string;
  readonly container: string;
  /** What it said last, where it is not well. */
  readonly output?: string;
}

/** What an answer has at most: one line, and whatever runs in the session could take its place. */
const answerBytes = 4096;

/**
 * Asks a session's own health check, without its counting and without waiting for the engine's next turn, which on engines
 * before version 25 comes only after a whole interval.
 *
 * @returns nothing where the session gives no answer
 */
async function ask(container: Docker.Container): Promise<string | undefined> {
  try {
    const exec = await container.exec({ Cmd: ["/usr/local/bin/session-health", "--report"], AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({});
    let text = "";
    stream.on("data", (chunk: Buffer) => {
      if (text.length < answerBytes) text += chunk.toString("utf8");
    });
    await new Promise((resolve, reject) => stream.once("end", resolve).once("error", reject));
    return text;
  } catch {
    return undefined;
  }
}

/** What a session is now. */
export async function askHealth(docker: Docker, session: string, container: string): Promise<Health> {
  const found = docker.getContainer(container);
  const answer = await ask(found);
  const inspected = await found.inspect().catch(() => undefined);
  if (inspected === undefined) return { session, container, state: "stopped", why: "the container is gone" };
  return { session, container, ...sessionState(inspected, answer) };
}

/** So many more starts while it is waited for, and a session will not become well by itself. */
const moreStarts = 4;

/**
 * Waits until every session is well, or stays as it is until somebody does something about it.
 *
 * @param seconds for all of them together; one that is not well by then is reported as it is
 */
export async function waitHealthy(
  docker: Docker,
  sessions: readonly { id: string; container: string }[],
  seconds: number,
  progress: (health: Health) => void,
): Promise<Health[]> {
  const deadline = Date.now() + seconds * 1000;
  const results = await someAtOnce(sessions, async (session) => {
    const health = await waitForOne(docker, session, deadline);
    progress(health);
    return health;
  });
  return results.sort((a, b) => (a.session < b.session ? -1 : 1));
}

/** Each question runs a process in the session; too many at once only slow each other down. */
export async function someAtOnce<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const waiting = [...items.entries()];
  const results: Result[] = [];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: Math.min(8, items.length) }, worker));
  return results;
}

async function waitForOne(docker: Docker, { id, container }: { id: string; container: string }, deadline: number): Promise<Health> {
  let health = await askHealth(docker, id, container);
  const before = health.starts ?? 1;
  const ended = () => isSettled(health) || (health.starts ?? 1) - before >= moreStarts || Date.now() >= deadline;
  while (!ended()) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    health = await askHealth(docker, id, container);
  }
  if (isWell(health)) return health;
  const output = await lastOutput(docker.getContainer(container)).catch(() => "");
  return { ...health, ...(output !== "" && { output }) };
}

import type Docker from "dockerode";
import type { Health } from "../runtime.ts";
import { sessionState } from "./state.ts";

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

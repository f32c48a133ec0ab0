import type { StackSource } from "../configuration.ts";
import { nearest } from "../near.ts";
import type { ListedSession, RunningPart, Session, SessionRuntime } from "../runtime/runtime.ts";
import { hasEnded, type SessionState, stateText } from "../runtime/session-state.ts";
import { typed } from "./stack.ts";

/** One session of a stack. @throws Error naming the sessions that are there */
export async function liveSession(runtime: SessionRuntime, source: StackSource, id: string): Promise<ListedSession> {
  const sessions = await runtime.list();
  const found = sessions.find((session) => session.id === id);
  if (found !== undefined) return found;
  const stack = await runtime.stackOf(id);
  if (stack !== undefined)
    throw new Error(
      stack === `${source.project}/${source.stack}`
        ? `session "${id}" belongs to the stack ${source.stack} of another checkout; run the command there`
        : `session "${id}" belongs to stack ${stack}; name it with --stack ${stack.split("/").at(-1)}`,
    );
  throw new Error(
    noSession(
      [id],
      `stack ${source.stack}`,
      sessions.map((session) => session.id),
      `none is up, run "${typed("up", source.stack)}"`,
    ),
  );
}

/** One session, in which commands can run. @throws Error saying how to start it, or naming the sessions that are there */
export async function runningSession(runtime: SessionRuntime, source: StackSource, id: string): Promise<Session> {
  const session = await liveSession(runtime, source, id);
  if (session.state === "running") return session;
  throw new Error(`session "${id}" is not running but ${session.state}; ${wayToRun(session, source.stack)}`);
}

function wayToRun({ id, state }: ListedSession, stack: string): string {
  if (state === "restarting") return `"${typed(`logs ${id}`, stack)}" shows why`;
  return state === "pending" ? `"${typed("list", stack)}" shows why` : `"${typed(`start ${id}`, stack)}" starts it`;
}

/** What adds a session's key to its requests. @throws Error when it has none, or naming the sessions that are there */
export async function credentialProxy(runtime: SessionRuntime, source: StackSource, id: string): Promise<RunningPart> {
  await liveSession(runtime, source, id);
  const proxy = await runtime.part(id, "credential-proxy");
  if (proxy === undefined) throw new Error(`session "${id}" has no credential proxy; its credentials are not of kind proxy`);
  return proxy;
}

/** What a session is whose agent has ended for good, as a sentence goes on; undefined of any other. */
export async function endOf(session: Session): Promise<{ state: SessionState["state"]; text: string } | undefined> {
  const health = await session.health();
  return hasEnded(health) ? { state: health.state, text: `is ${stateText(health)}` } : undefined;
}

/** Says that a stack has no session that is there, and what starts them. */
export const noneIsUp = (stack: string): string => `No session is there; "${typed("up", stack)}" starts them.`;

/** Says which sessions are not there, what may have been meant, and which there are. */
export function noSession(ids: readonly string[], place: string, known: readonly string[], none = "it has none"): string {
  const [near] = ids.flatMap((id) => nearest(id, known) ?? []);
  const meant = near === undefined ? "" : `; did you mean ${near}?`;
  const there = known.length === 0 ? `; ${none}` : `${meant === "" ? "; t" : " T"}here is: ${known.join(", ")}`;
  return `there is no session ${ids.map((id) => `"${id}"`).join(", ")} in ${place}${meant}${there}`;
}

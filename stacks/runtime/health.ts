import { printed } from "./printed.ts";
import type { Health, Session, SessionRuntime, StackService } from "./runtime.ts";
import { isSettled, isWell } from "./session-state.ts";

/** So many more starts while it is waited for, and a session will not become well by itself. */
const moreStarts = 4;

/**
 * Waits until every session is well, or stays as it is until somebody does something about it.
 *
 * @param seconds for all of them together; one that is not well by then is reported as it is
 */
export async function waitHealthy(sessions: readonly Session[], seconds: number, progress: (health: Health) => void): Promise<Health[]> {
  const deadline = Date.now() + seconds * 1000;
  const results = await someAtOnce(sessions, async (session) => {
    const health = await waitForOne(session, deadline);
    progress(health);
    return health;
  });
  return results.sort((a, b) => (a.session < b.session ? -1 : 1));
}

/**
 * Asks again those that were found well: an agent that fails soon after each of its starts is healthy until the first failure.
 * Those that are well no more are waited for as at first.
 */
export async function askAgain(
  sessions: readonly Session[],
  found: readonly Health[],
  seconds: number,
  progress: (health: Health) => void,
): Promise<readonly Health[]> {
  const well = sessions.filter(({ id }) => found.some((health) => health.session === id && isWell(health)));
  const now = await someAtOnce(well, (session) => session.health());
  const doubted = well.filter(({ id }) => now.some((health) => health.session === id && !isWell(health)));
  const waited = await waitHealthy(doubted, seconds, progress);
  return found.map((health) => waited.find(({ session }) => session === health.session) ?? health);
}

/** Waits until whatever serves all sessions is well. @param seconds what is not by then is reported as it is */
export async function waitServices(runtime: Pick<SessionRuntime, "services">, seconds: number): Promise<readonly StackService[]> {
  const deadline = Date.now() + seconds * 1000;
  let services = await runtime.services();
  while (services.some(({ state }) => state !== "healthy") && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    services = await runtime.services();
  }
  return services;
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

async function waitForOne(session: Session, deadline: number): Promise<Health> {
  let health = await session.health();
  const before = health.starts ?? 1;
  const ended = () => isSettled(health) || (health.starts ?? 1) - before >= moreStarts || Date.now() >= deadline;
  while (!ended()) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    health = await session.health();
  }
  if (isWell(health)) return health;
  const output = await printed(session, { tail: 5 }).catch(() => "");
  return { ...health, ...(output !== "" && { output }) };
}

import type Docker from "dockerode";
import { baseline } from "../../policy/baseline.ts";
import type { StackSource } from "../embedded/engine.ts";
import { askHealth } from "../embedded/health.ts";
import { hasEnded, type SessionState, stateText } from "../session-state.ts";

/** A session's container as the engine lists it, whichever engine made it. */
export interface LiveSession {
  readonly id: string;
  readonly container: Docker.ContainerInfo;
}

/** The containers of a stack's sessions, sorted by session. */
export async function liveSessions(docker: Docker, { project, stack }: StackSource): Promise<LiveSession[]> {
  const label = [`created_by=${baseline.createdBy}`, `stack=${project}/${stack}`, "session_id"];
  const containers = await docker.listContainers({ all: true, filters: { label } });
  // What only serves a session says so by its kind.
  return containers
    .filter(({ Labels }) => Labels.kind === undefined)
    .map((container) => ({ id: container.Labels.session_id ?? "", container }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The proxies of a stack's sessions, or of one, by which those with an allow list get out. */
export function liveProxies(
  docker: Docker,
  { project, stack }: Pick<StackSource, "project" | "stack">,
  id?: string,
): Promise<Docker.ContainerInfo[]> {
  const label = [`stack=${project}/${stack}`, "kind=egress-proxy", id === undefined ? "serves" : `serves=${id}`];
  return docker.listContainers({ all: true, filters: { label } });
}

/** One session's container. @throws Error naming the sessions that are there */
export async function liveSession(docker: Docker, source: StackSource, id: string): Promise<Docker.Container> {
  return docker.getContainer((await find(docker, source, id)).Id);
}

/** One session's container, in which commands can run. @throws Error saying how to start it, or naming the sessions that are there */
export async function runningSession(docker: Docker, source: StackSource, id: string): Promise<Docker.Container> {
  const { Id, State } = await find(docker, source, id);
  if (State === "running") return docker.getContainer(Id);
  throw new Error(
    `session "${id}" is not running but ${State}; ${State === "restarting" ? `"sessions logs ${id}" shows why` : `"sessions start ${id}" starts it`}`,
  );
}

/** What a session is whose agent has ended for good, as a sentence goes on; undefined of any other. */
export async function endOf(
  docker: Docker,
  id: string,
  container: Docker.Container,
): Promise<{ state: SessionState["state"]; text: string } | undefined> {
  const health = await askHealth(docker, id, container.id);
  return hasEnded(health) ? { state: health.state, text: `is ${stateText(health)}` } : undefined;
}

async function find(docker: Docker, source: StackSource, id: string): Promise<Docker.ContainerInfo> {
  const sessions = await liveSessions(docker, source);
  const found = sessions.find((session) => session.id === id);
  if (found !== undefined) return found.container;
  const known = sessions.map((session) => session.id).join(", ");
  throw new Error(
    `there is no session "${id}" in stack ${source.stack}; ${known === "" ? 'none is up, run "sessions up"' : `there is: ${known}`}`,
  );
}

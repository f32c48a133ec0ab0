import type Docker from "dockerode";
import { baseline } from "../../policy/baseline.ts";
import type { StackSource } from "../embedded/engine.ts";

/** A session's container as the engine lists it, whichever engine made it. */
export interface LiveSession {
  readonly id: string;
  readonly container: Docker.ContainerInfo;
}

/** The containers of a stack's sessions, sorted by session. */
export async function liveSessions(docker: Docker, { project, stack }: StackSource): Promise<LiveSession[]> {
  const label = [`created_by=${baseline.createdBy}`, `stack=${project}/${stack}`, "session_id"];
  const containers = await docker.listContainers({ all: true, filters: { label } });
  return containers.map((container) => ({ id: container.Labels.session_id ?? "", container })).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** One session's container. @throws Error naming the sessions that are there */
export async function liveSession(docker: Docker, source: StackSource, id: string): Promise<Docker.Container> {
  const sessions = await liveSessions(docker, source);
  const found = sessions.find((session) => session.id === id);
  if (found !== undefined) return docker.getContainer(found.container.Id);
  const known = sessions.map((session) => session.id).join(", ");
  throw new Error(`there is no session "${id}" in stack ${source.stack}; ${known === "" ? 'none is up, run "sessions up"' : `there is: ${known}`}`);
}

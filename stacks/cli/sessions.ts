import type Docker from "dockerode";
import type { StackSource } from "../configuration.ts";
import { baseline } from "../../policy/baseline.ts";
import { askHealth } from "../runtime/health.ts";
import { identify } from "../identity.ts";
import { labelNames } from "../embedded/labels.ts";
import { nearest } from "../near.ts";
import { hasEnded, type SessionState, stateText } from "../runtime/session-state.ts";

/** A session's container as the engine lists it, whichever engine made it. */
export interface LiveSession {
  readonly id: string;
  readonly container: Docker.ContainerInfo;
}

/** The containers of a stack's sessions, sorted by session; never those of another checkout's stack of that name. */
export async function liveSessions(docker: Docker, { project, stack, root }: StackSource): Promise<LiveSession[]> {
  const { deployment } = identify(project, stack, root);
  const sessions = await sessionContainers(docker, `stack=${project}/${stack}`);
  return sessions
    .filter(({ Labels }) => (Labels[labelNames.deployment] ?? deployment) === deployment)
    .map((container) => ({ id: container.Labels.session_id ?? "", container }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Containers of sessions that carry a label. */
async function sessionContainers(docker: Docker, label: string): Promise<Docker.ContainerInfo[]> {
  const containers = await docker.listContainers({
    all: true,
    filters: { label: [`created_by=${baseline.createdBy}`, "session_id", label] },
  });
  // What only serves a session says so by its kind.
  return containers.filter(({ Labels }) => Labels.kind === undefined);
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

/** The container that adds a session's key to its requests. @throws Error when it has none, or naming the sessions that are there */
export async function credentialProxy(docker: Docker, source: StackSource, id: string): Promise<Docker.Container> {
  await find(docker, source, id);
  const label = [`stack=${source.project}/${source.stack}`, "kind=credential-proxy", `session_id=${id}`];
  const [proxy] = await docker.listContainers({ all: true, filters: { label } });
  if (proxy === undefined) throw new Error(`session "${id}" has no credential proxy; its credentials are not of kind proxy`);
  return docker.getContainer(proxy.Id);
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
    `session "${id}" is not running but ${State}; ${State === "restarting" ? `"npx sessions logs ${id}" shows why` : `"npx sessions start ${id}" starts it`}`,
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
  const [elsewhere] = await sessionContainers(docker, `session_id=${id}`);
  if (elsewhere !== undefined) {
    const stack = elsewhere.Labels.stack ?? "";
    throw new Error(
      stack === `${source.project}/${source.stack}`
        ? `session "${id}" belongs to the stack ${source.stack} of another checkout; run the command there`
        : `session "${id}" belongs to stack ${stack}; name it with --stack ${stack.split("/").at(-1)}`,
    );
  }
  throw new Error(
    noSession(
      [id],
      `stack ${source.stack}`,
      sessions.map((session) => session.id),
      'none is up, run "npx sessions up"',
    ),
  );
}

/** Says which sessions are not there, what may have been meant, and which there are. */
export function noSession(ids: readonly string[], place: string, known: readonly string[], none = "it has none"): string {
  const [near] = ids.flatMap((id) => nearest(id, known) ?? []);
  const meant = near === undefined ? "" : `; did you mean ${near}?`;
  const there = known.length === 0 ? `; ${none}` : `${meant === "" ? "; t" : " T"}here is: ${known.join(", ")}`;
  return `there is no session ${ids.map((id) => `"${id}"`).join(", ")} in ${place}${meant}${there}`;
}

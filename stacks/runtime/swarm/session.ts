import type { Writable } from "node:stream";
import type Docker from "dockerode";
import { serviceAttachCommand } from "../../../components/session-container/attach.ts";
import { containerName, volumeName } from "../../../components/session.ts";
import type { InspectedService } from "../../../components/swarm/inspected.ts";
import { isolationOf, variableIn } from "../docker/describe.ts";
import { askHealth } from "../docker/health.ts";
import { DockerPart, DockerSession } from "../docker/session.ts";
import { inVolume } from "../docker/workspace.ts";
import type {
  CommandOptions,
  CommandPlace,
  Description,
  Health,
  LogOptions,
  RunningPart,
  Session,
  StartedCommand,
  Usage,
} from "../runtime.ts";
import type { SessionState } from "../session-state.ts";
import { type Found, mountsOf, SwarmService, waitOf } from "./service.ts";

/** What serves a session, by its service: its container is another one after each start. */
export class SwarmPart implements RunningPart {
  protected readonly docker: Docker;
  protected readonly service: SwarmService;

  /** @param name the service's */
  constructor(docker: Docker, name: string) {
    this.docker = docker;
    this.service = new SwarmService(docker, name);
  }

  async start(command: readonly string[], options?: CommandOptions): Promise<StartedCommand> {
    return new DockerPart(this.docker, await this.service.now()).start(command, options);
  }

  async logs(options: LogOptions, output: Writable, errors: Writable): Promise<void> {
    await new DockerPart(this.docker, await this.service.container()).logs(options, output, errors);
  }
}

/** A session as a service of Swarm's, on the node whose engine is spoken to. */
export class SwarmSession extends SwarmPart implements Session {
  readonly id: string;
  readonly #proxies: () => Promise<readonly Docker.ContainerInfo[]>;

  /** @param proxies of the session, by which it gets out */
  constructor(docker: Docker, id: string, proxies: () => Promise<readonly Docker.ContainerInfo[]>) {
    super(docker, containerName(id));
    this.id = id;
    this.#proxies = proxies;
  }

  async health(): Promise<Health> {
    const of = { session: this.id, container: this.service.name };
    const running = await this.service.running();
    if (running !== undefined) return { ...(await askHealth(this.docker, this.id, running)), ...of };
    return { ...of, ...stateWithout(await this.service.find()) };
  }

  async describe(): Promise<Description> {
    const { Spec, CreatedAt } = await this.#spec();
    const { ContainerSpec, Resources } = Spec.TaskTemplate as Docker.ContainerTaskSpec;
    const limits: { MemoryBytes?: number; NanoCPUs?: number; Pids?: number } = Resources?.Limits ?? {};
    const { name } = this.service;
    return {
      container: name,
      network: name,
      isolation: await isolationOf(this.docker, this.id, name, await this.#proxies()),
      memory: limits.MemoryBytes ?? 0,
      cpu: (limits.NanoCPUs ?? 0) / 1e9,
      processes: limits.Pids ?? 0,
      disk: Number(variableIn(ContainerSpec?.Env ?? [], "SESSION_DISK_LIMIT") ?? 0),
      attach: serviceAttachCommand(name),
      created: CreatedAt,
    };
  }

  async usage(): Promise<Usage | undefined> {
    const running = await this.service.running();
    return running === undefined ? undefined : this.#in(running).usage();
  }

  async variable(name: string): Promise<string | undefined> {
    const { TaskTemplate } = (await this.#spec()).Spec;
    return variableIn((TaskTemplate as Docker.ContainerTaskSpec).ContainerSpec?.Env ?? [], name);
  }

  begin(): Promise<void> {
    return this.service.scale(1);
  }

  stop(): Promise<void> {
    return this.service.scale(0);
  }

  restart(): Promise<void> {
    return this.service.renew();
  }

  async inWorkspace<T>(work: (place: CommandPlace) => Promise<T>): Promise<T> {
    const running = await this.service.running();
    if (running !== undefined) return this.#in(running).inWorkspace(work);
    const mounts = mountsOf(await this.service.find());
    const volume = volumeName(this.service.name, "workspace");
    if (!mounts.some(({ Source }) => Source === volume))
      throw new Error("the session is not running, and its workspace was memory, which ended with it");
    return inVolume(this.docker, volume, work);
  }

  #in(container: string): DockerSession {
    return new DockerSession(this.docker, this.id, container, this.#proxies);
  }

  /** @throws Error when the service is not there */
  async #spec(): Promise<InspectedService> {
    const found = await this.service.find();
    if (found === undefined) throw new Error(`session ${this.id} is not there`);
    return found.service;
  }
}

/** What a session is of which no container runs here. */
export function stateWithout(found: Found | undefined): SessionState {
  if (found === undefined) return { state: "stopped", why: "the service is gone" };
  if (found.service.Spec.Mode?.Replicated?.Replicas === 0) return { state: "stopped" };
  const [task] = found.tasks;
  const failed = found.tasks.filter(({ Status }) => Status.State === "failed" || Status.State === "rejected");
  // Swarm waits a moment before it starts another.
  const [last] = failed;
  if (last === undefined || (task !== last && task?.Status.State === "pending")) return { state: "stopped", why: waitOf(task) };
  const { ExitCode: exitCode } = last.Status.ContainerStatus ?? {};
  const starts = failed.length + 1;
  const why = last.Status.State === "rejected" ? waitOf(last) : `exit ${exitCode ?? "unknown"}, ${starts} starts`;
  return { state: "unhealthy", why, starts, ...(exitCode !== undefined && { exitCode }) };
}

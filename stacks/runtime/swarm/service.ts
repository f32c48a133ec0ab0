import type Docker from "dockerode";
import { ignore } from "../../../components/container-engine/answers.ts";
import { type InspectedService, renewService, scaleService } from "../../../components/swarm/inspected.ts";

/** A task of a service, as far as it is asked for. */
export interface Task {
  readonly NodeID?: string;
  readonly CreatedAt: string;
  readonly DesiredState: string;
  readonly Status: {
    readonly State: string;
    readonly Err?: string;
    readonly Message?: string;
    readonly ContainerStatus?: { readonly ContainerID?: string; readonly ExitCode?: number };
  };
}

/** What is there of a service: what it is to be, and what is of it, the newest first. */
export interface Found {
  readonly service: InspectedService;
  readonly tasks: readonly Task[];
}

/** One service of a swarm, by name, whether it is there or not. */
export class SwarmService {
  readonly name: string;
  readonly #docker: Docker;

  constructor(docker: Docker, name: string) {
    this.name = name;
    this.#docker = docker;
  }

  /** Nothing where it is not there. */
  async find(): Promise<Found | undefined> {
    const service = (await this.#docker.getService(this.name).inspect().catch(ignore(404))) as InspectedService | undefined;
    if (service === undefined) return undefined;
    const tasks = (await this.#docker.listTasks({ filters: { service: [service.ID] } })) as Task[];
    return { service, tasks: tasks.toSorted((one, other) => (one.CreatedAt < other.CreatedAt ? 1 : -1)) };
  }

  /** The container of its task, one that has ended too. @throws Error saying why there is none on this node */
  async container(): Promise<string> {
    const found = await this.find();
    const container = await this.#containerOf(found);
    if (container !== undefined) return container;
    throw new Error(`${this.name} ${await this.#absence(found)}`);
  }

  /** The container that runs now. @throws Error saying why there is none */
  async now(): Promise<string> {
    const running = await this.running();
    if (running !== undefined) return running;
    throw new Error(`${this.name} ${await this.#absence(await this.find())}`);
  }

  /** The container that runs now; nothing where none does. */
  async running(): Promise<string | undefined> {
    const container = await this.#containerOf(await this.find());
    if (container === undefined) return undefined;
    const inspected = (await this.#docker.getContainer(container).inspect().catch(ignore(404))) as Docker.ContainerInspectInfo | undefined;
    return inspected?.State.Running ? container : undefined;
  }

  /** Has it run so many tasks. One that is to have none has ended when this is done. @throws Error when it is not there */
  async scale(replicas: number): Promise<void> {
    const { service } = await this.#there();
    await scaleService(this.#docker, service.ID, replicas);
    if (replicas === 0) await this.#ended(undefined);
  }

  /** Ends its task and has Swarm start another. @throws Error when it is not there */
  async renew(): Promise<void> {
    const before = await this.running();
    const { service } = await this.#there();
    await renewService(this.#docker, service.ID);
    if (before !== undefined) await this.#ended(before);
  }

  async #there(): Promise<Found> {
    const found = await this.find();
    if (found === undefined) throw new Error(`${this.name} ${await this.#absence(found)}`);
    return found;
  }

  /** Waits until a container, or whichever there is, runs no more. */
  async #ended(container: string | undefined): Promise<void> {
    for (;;) {
      const running = await this.running();
      if (running === undefined || (container !== undefined && running !== container)) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** Of those on this node the one that is to run, else the last one. */
  async #containerOf(found: Found | undefined): Promise<string | undefined> {
    if (found === undefined) return undefined;
    const node = await this.#node();
    const here = found.tasks.filter(({ NodeID, Status }) => NodeID === node && Status.ContainerStatus?.ContainerID);
    const chosen = here.find(({ DesiredState }) => DesiredState === "running") ?? here[0];
    return chosen?.Status.ContainerStatus?.ContainerID;
  }

  async #node(): Promise<string | undefined> {
    return ((await this.#docker.info()) as { Swarm?: { NodeID?: string } }).Swarm?.NodeID;
  }

  /** Why there is no container of it here, and the way out, as they follow its name in a sentence. */
  async #absence(found: Found | undefined): Promise<string> {
    if (found === undefined) return "is not there; bring it up again";
    if (found.service.Spec.Mode?.Replicated?.Replicas === 0) return "is stopped; start it again";
    const [task] = found.tasks;
    const node = await this.#node();
    if (task?.NodeID && task.NodeID !== node)
      return `runs on node ${task.NodeID} of the swarm, whose containers this engine cannot reach; name that node's engine by agent-sessions:swarm: {engine: …}`;
    return `waits: ${waitOf(task)}`;
  }
}

/** Why a task does not run, in Swarm's own words. */
export function waitOf(task: Task | undefined): string {
  const { State = "new", Err, Message } = task?.Status ?? {};
  return `${State} (${Err || Message || "Swarm does not say why"})`;
}

/** What a service's containers are to have mounted. */
export function mountsOf(found: Found | undefined): readonly Docker.MountSettings[] {
  return (found?.service.Spec.TaskTemplate as Docker.ContainerTaskSpec | undefined)?.ContainerSpec?.Mounts ?? [];
}

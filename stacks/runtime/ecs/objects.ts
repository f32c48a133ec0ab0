import {
  type ContainerDefinition,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  paginateListServices,
  paginateListTasks,
  type Service,
  type Tag,
  type Task,
  type TaskDefinition,
} from "@aws-sdk/client-ecs";
import { tagNames } from "../../../components/fargate/tags.ts";
import type { Owner } from "../../../components/session.ts";
import { FargateError, ignore } from "./answers.ts";
import type { FargateClient } from "./client.ts";

/** The container of a session's task in which its agent runs. */
export const sessionContainer = "session";

/** What AWS describes of one kind at once, by the API's reference of DescribeServices and DescribeTasks. */
const most = { services: 10, tasks: 100 } as const;

/** Milliseconds for which an answer about all services or tasks counts for whoever asks: AWS takes few questions in a second. */
const fresh = 1000;

/** The services of a stack and their tasks. */
export class FargateObjects {
  readonly client: FargateClient;
  readonly owner: Owner;
  readonly #asked = new Map<string, { readonly at: number; readonly answer: Promise<readonly unknown[]> }>();
  readonly #definitions = new Map<string, Promise<TaskDefinition>>();

  constructor(client: FargateClient, owner: Owner) {
    this.client = client;
    this.owner = owner;
  }

  /** The stack's services with these tags. None where its cluster is not there. */
  async services(tags: Readonly<Record<string, string>>): Promise<readonly Service[]> {
    const { project, stack } = this.owner;
    const wanted = Object.entries({ [tagNames.project]: project, [tagNames.stack]: stack, ...tags });
    const all = await this.#once("services", () => this.#allServices());
    return all.filter((service) => wanted.every(([name, value]) => tagOf(service, name) === value));
  }

  /** The stack's sessions. @param id of all when left out */
  async sessions(id?: string): Promise<readonly Service[]> {
    return this.services({ [tagNames.kind]: "session", ...(id !== undefined && { [tagNames.session]: id }) });
  }

  /** @throws Error when it is not there */
  async session(id: string): Promise<Service> {
    const [found] = await this.sessions(id);
    if (found === undefined) throw new FargateError(`session "${id}" is not in the cluster ${this.client.place.cluster}`);
    return found;
  }

  /** The tasks of a service that are to run, the newest first. */
  async tasks(service: Service): Promise<readonly Task[]> {
    return (await this.#once("running", () => this.#tasks("RUNNING"))).filter(isOf(service));
  }

  /** The tasks of a service that end, or have ended within the last hour, the newest first. */
  async ended(service: Service): Promise<readonly Task[]> {
    return (await this.#once("ended", () => this.#tasks("STOPPED"))).filter(isOf(service));
  }

  /** What the tasks of a service are made from. No revision of it ever changes. */
  async definition({ taskDefinition = "" }: Pick<Service, "taskDefinition">): Promise<TaskDefinition> {
    const known = this.#definitions.get(taskDefinition);
    if (known !== undefined) return known;
    const asked = this.client.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition })).then((answer) => answer.taskDefinition ?? {});
    this.#definitions.set(taskDefinition, asked);
    return asked;
  }

  /** Whoever has changed something asks anew. */
  forget(): void {
    this.#asked.clear();
  }

  async #once<Item>(question: string, ask: () => Promise<readonly Item[]>): Promise<readonly Item[]> {
    const before = this.#asked.get(question);
    if (before !== undefined && Date.now() - before.at < fresh) return before.answer as Promise<readonly Item[]>;
    const answer = ask().catch((error: unknown) => ignore("ClusterNotFoundException")(error) ?? []);
    this.#asked.set(question, { at: Date.now(), answer });
    return answer;
  }

  async #allServices(): Promise<readonly Service[]> {
    const { ecs, place } = this.client;
    const { cluster } = place;
    const arns: string[] = [];
    for await (const page of paginateListServices({ client: ecs, pageSize: 100 }, { cluster })) arns.push(...(page.serviceArns ?? []));
    const described = inGroups(arns, most.services).map((services) =>
      ecs.send(new DescribeServicesCommand({ cluster, services, include: ["TAGS"] })),
    );
    // One that was deleted is described for a while.
    return (await Promise.all(described)).flatMap(({ services = [] }) => services.filter(({ status }) => status !== "INACTIVE"));
  }

  async #tasks(desiredStatus: "RUNNING" | "STOPPED"): Promise<readonly Task[]> {
    const { ecs, place } = this.client;
    const { cluster } = place;
    const arns: string[] = [];
    for await (const page of paginateListTasks({ client: ecs, pageSize: 100 }, { cluster, desiredStatus }))
      arns.push(...(page.taskArns ?? []));
    const described = inGroups(arns, most.tasks).map((tasks) => ecs.send(new DescribeTasksCommand({ cluster, tasks })));
    const tasks = (await Promise.all(described)).flatMap((answer) => answer.tasks ?? []);
    return tasks.sort((a, b) => (b.createdAt?.getTime() ?? 0) - (a.createdAt?.getTime() ?? 0));
  }
}

/** Whether a task is of a service, by the group that ECS puts it in. */
const isOf =
  ({ serviceName }: Service) =>
  ({ group }: Task): boolean =>
    group === `service:${serviceName}`;

/** The value of an object's tag. */
export const tagOf = ({ tags }: { readonly tags?: readonly Tag[] | undefined }, name: string): string | undefined =>
  tags?.find(({ key }) => key === name)?.value;

/** Of a task's containers the one of a name. */
export const containerIn = (definition: TaskDefinition, name: string): ContainerDefinition | undefined =>
  definition.containerDefinitions?.find((container) => container.name === name);

/** The last part of an ARN, which people call it by. */
export const nameIn = (arn = ""): string => arn.split("/").at(-1) ?? "";

function inGroups<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}

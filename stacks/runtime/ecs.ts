import type { Service } from "@aws-sdk/client-ecs";
import { accountName, clusterName, tagNames } from "../../components/fargate/tags.ts";
import { containerName, type Owner } from "../../components/session.ts";
import { FargateError, ignore, placeText } from "./ecs/answers.ts";
import type { FargateClient } from "./ecs/client.ts";
import type { Surrounding } from "./ecs/describe.ts";
import { containerIn, FargateObjects, nameIn, sessionContainer, tagOf } from "./ecs/objects.ts";
import { OneOffTasks, startSeconds } from "./ecs/one-off.ts";
import { groupsOf } from "./ecs/security-groups.ts";
import { EcsSession, ServingPart } from "./ecs/session.ts";
import { isRunning } from "./ecs/state.ts";
import type {
  Held,
  ListedSession,
  MountedVolume,
  PartName,
  Reachable,
  RunningPart,
  SessionRuntime,
  StackService,
  StandIns,
  WritableFolder,
} from "./runtime.ts";

/**
 * Sessions as services of an ECS cluster, on Fargate. Project and stack in their tags tell whose they are: whoever has the same stack
 * in another checkout works on the same sessions.
 */
export class EcsRuntime implements SessionRuntime {
  readonly where: string;
  readonly standIns: StandIns;
  readonly #client: FargateClient;
  readonly #objects: FargateObjects;

  constructor(client: FargateClient, owner: Owner) {
    this.where = `${placeText(client.place)}.`;
    this.#client = client;
    this.#objects = new FargateObjects(client, owner);
    this.standIns = { seconds: startSeconds, of: (id) => new OneOffTasks(this.#objects, id) };
  }

  async #surrounding(services: readonly Service[]): Promise<Surrounding> {
    const ids = services.flatMap(({ networkConfiguration }) => networkConfiguration?.awsvpcConfiguration?.securityGroups ?? []);
    return { groups: await groupsOf(this.#client, ids) };
  }

  async list(): Promise<readonly ListedSession[]> {
    const services = await this.#objects.sessions();
    // Asked once for all sessions, and not at all where none is described.
    let asked: Promise<Surrounding> | undefined;
    const surrounding = () => (asked ??= this.#surrounding(services));
    const found = services.map(async (service) => {
      const id = tagOf(service, tagNames.session) ?? "";
      return Object.assign(new EcsSession(this.#objects, id, surrounding), { state: await this.#stateOf(service) });
    });
    return (await Promise.all(found)).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** As `runningSession` reads it. */
  async #stateOf(service: Service): Promise<string> {
    if (service.desiredCount === 0) return "stopped";
    if ((await this.#objects.tasks(service)).some(isRunning)) return "running";
    const [ended] = await this.#objects.ended(service);
    return ended?.stopCode === "EssentialContainerExited" ? "restarting" : "pending";
  }

  session(id: string): EcsSession {
    return new EcsSession(this.#objects, id, async () => this.#surrounding(await this.#objects.sessions(id)));
  }

  async part(id: string, name: PartName): Promise<RunningPart | undefined> {
    if ((await this.#serviceOf(id, name)) === undefined) return undefined;
    return name === "egress-proxy" && !(await this.#isFiltered(id)) ? undefined : this.#serving(id, name);
  }

  /** What serves a session: a credential proxy of its own, or the egress proxy of all. */
  async #serviceOf(id: string, name: PartName): Promise<Service | undefined> {
    const shared = name === "egress-proxy";
    const [service] = await this.#objects.services({ [tagNames.kind]: name, ...(!shared && { [tagNames.serves]: id }) });
    return service;
  }

  /** Whether a session has a login at the egress proxy. */
  async #isFiltered(id: string): Promise<boolean> {
    const [service] = await this.#objects.sessions(id);
    const container = service && containerIn(await this.#objects.definition(service), sessionContainer);
    return container?.secrets?.some(({ name }) => name === "HTTPS_PROXY") === true;
  }

  #serving(id: string, name: PartName): RunningPart {
    const find = async () => {
      const service = await this.#serviceOf(id, name);
      if (service !== undefined) return service;
      throw new FargateError(`session "${id}" has no ${name.replace("-", " ")}`);
    };
    return new ServingPart(this.#objects, name, find, name === "egress-proxy" ? `{ $.session = "${id}" }` : undefined);
  }

  /** What watches the sessions is AWS's own. */
  async services(): Promise<readonly StackService[]> {
    return [];
  }

  async stackOf(id: string): Promise<string | undefined> {
    const { DescribeServicesCommand, paginateListClusters } = await import("@aws-sdk/client-ecs");
    const { ecs, place } = this.#client;
    const names: string[] = [];
    for await (const { clusterArns = [] } of paginateListClusters({ client: ecs }, {})) names.push(...clusterArns.map(nameIn));
    const begin = clusterName({ stack: "" });
    const others = names.filter((name) => name.startsWith(begin) && name !== place.cluster);
    for (const cluster of others) {
      const stack = cluster.slice(begin.length);
      const asked = { cluster, services: [accountName({ stack }, containerName(id))], include: ["TAGS" as const] };
      const found = await ecs.send(new DescribeServicesCommand(asked)).catch(ignore("AccessDeniedException"));
      const service = found?.services?.find((one) => one.status !== "INACTIVE" && tagOf(one, tagNames.session) === id);
      if (service !== undefined) return `${tagOf(service, tagNames.project)}/${tagOf(service, tagNames.stack)}`;
    }
    return undefined;
  }

  async held(): Promise<ReadonlyMap<string, Held> | { readonly notTried: string }> {
    return { notTried: "AWS counts a whole file system, which sessions share, and no folder of it" };
  }

  /** No task sees a folder of this machine. */
  async writableFolders(): Promise<readonly WritableFolder[]> {
    return [];
  }

  async isHere(): Promise<boolean> {
    return false;
  }

  /** No address of this machine leads to a task. */
  async gateways(): Promise<readonly string[]> {
    return [];
  }

  /** Nobody can start a server in a session that others would look for. */
  async reachable(): Promise<ReadonlyMap<string, Reachable>> {
    return new Map();
  }

  async volumes(): Promise<ReadonlyMap<string, readonly MountedVolume[]>> {
    const { mountedIn } = await import("./ecs/access-points.ts");
    return mountedIn(this.#objects);
  }

  async uids(): Promise<ReadonlyMap<string, number>> {
    const entries = (await this.#objects.sessions()).map(async (service) => {
      const user = containerIn(await this.#objects.definition(service), sessionContainer)?.user;
      return [tagOf(service, tagNames.session) ?? "", Number.parseInt(user ?? "", 10)] as const;
    });
    return new Map((await Promise.all(entries)).filter(([, uid]) => !Number.isNaN(uid)));
  }

  egressProxy(id: string): RunningPart {
    return this.#serving(id, "egress-proxy");
  }

  /** No port of a session's is one of a machine. */
  async portAddresses(): Promise<readonly string[]> {
    return [];
  }

  async startOnHostNetwork() {
    return { notTried: "nothing can be started on the network of a machine of Fargate's" };
  }
}

import type { V1Pod } from "@kubernetes/client-node";
import type { StackSource } from "../configuration.ts";
import { ClusterError } from "./kubernetes/answers.ts";
import { type ClusterClient, placeText } from "./kubernetes/client.ts";
import { ClusterObjects, sessionContainer, sessionIn, wanted, type Workload } from "./kubernetes/objects.ts";
import { chosen, isLeaving, isRunning, nameOf, statusOf } from "./kubernetes/pods.ts";
import { ClusterSession, ServingPart } from "./kubernetes/session.ts";
import type { Surrounding } from "./kubernetes/describe.ts";
import { heldByClaims } from "./kubernetes/held.ts";
import { mountedIn } from "./kubernetes/surroundings.ts";
import { besideClaim } from "./kubernetes/workspace.ts";
import type { ClusterFacts } from "./cluster-facts.ts";
import type {
  CommandPlace,
  Held,
  ListedSession,
  MountedVolume,
  PartName,
  Reachable,
  RunningPart,
  SessionRuntime,
  StackService,
  WritableFolder,
} from "./runtime.ts";

/**
 * Sessions in a namespace of a cluster. Project and stack in the objects' labels tell whose they are: whoever has the same stack
 * in another checkout works on the same sessions.
 */
export class KubernetesRuntime implements SessionRuntime {
  readonly where: string;
  readonly #client: ClusterClient;
  readonly #objects: ClusterObjects;

  constructor(client: ClusterClient, source: Pick<StackSource, "project" | "stack">) {
    this.where = placeText(client.place, client.server);
    this.#client = client;
    this.#objects = new ClusterObjects(client, source);
  }

  async #surrounding(): Promise<Surrounding> {
    const { networking, namespace } = this.#client;
    const [{ items: policies }, proxies] = await Promise.all([
      networking.listNamespacedNetworkPolicy({ namespace }),
      this.#objects.serving("egress-proxy"),
    ]);
    return { policies, proxies };
  }

  async #running(): Promise<readonly V1Pod[]> {
    return (await this.#objects.pods()).filter((pod) => isRunning(pod, sessionContainer));
  }

  async list(): Promise<readonly ListedSession[]> {
    // Asked once for all sessions, and not at all where none is described.
    let asked: Promise<Surrounding> | undefined;
    const surrounding = () => (asked ??= this.#surrounding());
    const [workloads, pods] = await Promise.all([this.#objects.workloads(), this.#objects.pods()]);
    const found = workloads.map((workload) => {
      const pod = chosen(pods.filter((one) => sessionIn(one) === workload.id));
      return Object.assign(new ClusterSession(this.#objects, workload.id, surrounding), { state: stateOf(workload, pod) });
    });
    return found.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  session(id: string): ClusterSession {
    return new ClusterSession(this.#objects, id, () => this.#surrounding());
  }

  async part(id: string, name: PartName): Promise<RunningPart | undefined> {
    return chosen(await this.#objects.serving(name, id)) && this.#serving(id, name);
  }

  #serving(id: string, name: PartName): RunningPart {
    const find = async () => chosen(await this.#objects.serving(name, id));
    return new ServingPart(this.#objects, name, find, `session "${id}" has no ${name.replace("-", " ")} that runs`);
  }

  /** What watches a cluster is the cluster's own. */
  async services(): Promise<readonly StackService[]> {
    return [];
  }

  async stackOf(id: string): Promise<string | undefined> {
    return (await this.#objects.ofAnyStack(id))[0]?.stack;
  }

  /**
   * Works on the workspace of a session, by its claim where the session itself is gone.
   *
   * @throws Error when no session is left whose image could be had for it
   */
  async inClaim<T>(id: string, claim: string, work: (place: CommandPlace) => Promise<T>): Promise<T> {
    const workloads = await this.#objects.workloads();
    if (workloads.some((workload) => workload.id === id)) return this.session(id).inWorkspace(work);
    const [other] = workloads;
    if (other === undefined)
      throw new ClusterError("no session of the stack is left whose image could look into it; bring one up, or look by a pod of your own");
    return besideClaim(this.#objects, other, claim, work);
  }

  async held(seconds: number): Promise<ReadonlyMap<string, Held> | { readonly notTried: string }> {
    return heldByClaims(this.#client, await this.#objects.pods(), seconds);
  }

  /** No pod sees a folder of this machine. */
  async writableFolders(): Promise<readonly WritableFolder[]> {
    return [];
  }

  async isHere(): Promise<boolean> {
    return false;
  }

  async gateways(): Promise<readonly string[]> {
    return [];
  }

  async reachable(): Promise<ReadonlyMap<string, Reachable>> {
    const entries = Map.groupBy(await this.#running(), sessionIn);
    return new Map(
      [...entries].map(([id, pods]) => {
        const [names, addresses] = [pods.map(nameOf), pods.flatMap(({ status }) => (status?.podIPs ?? []).flatMap(({ ip }) => ip ?? []))];
        return [id, { names: [id, ...names], addresses }];
      }),
    );
  }

  async volumes(): Promise<ReadonlyMap<string, readonly MountedVolume[]>> {
    return mountedIn(this.#client, await this.#running());
  }

  async uids(): Promise<ReadonlyMap<string, number>> {
    const workloads = await this.#objects.ofAnyStack();
    return new Map(
      workloads.flatMap(({ id, object }) => {
        const uid = object.spec?.template.spec?.securityContext?.runAsUser;
        return uid === undefined ? [] : [[id, uid] as const];
      }),
    );
  }

  egressProxy(id: string): RunningPart {
    return this.#serving(id, "egress-proxy");
  }

  /** No port of a session's is one of a machine. */
  async portAddresses(): Promise<readonly string[]> {
    return [];
  }

  async cluster(): Promise<ClusterFacts> {
    // What reads policies of other makers is for verify alone.
    const { clusterFacts } = await import("./kubernetes/facts.ts");
    return clusterFacts(this.#objects, await this.#running());
  }

  async startOnHostNetwork() {
    return { notTried: "no pod of the namespace may be on a node's network, which Pod Security restricted refuses" };
  }
}

/** As `runningSession` reads it. */
function stateOf(workload: Workload, pod: V1Pod | undefined): string {
  if (wanted(workload) === 0) return "stopped";
  if (pod === undefined || isLeaving(pod)) return "pending";
  if (isRunning(pod, sessionContainer)) return "running";
  return (statusOf(pod, sessionContainer)?.restartCount ?? 0) > 0 ? "restarting" : "pending";
}

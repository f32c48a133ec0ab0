import { setTimeout as delay } from "node:timers/promises";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { PatchStrategy, setHeaderOptions, type V1Pod } from "@kubernetes/client-node";
import { baseline } from "../../../policy/baseline.ts";
import { eachPiece, passOn } from "../../streams.ts";
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
import { ClusterError } from "./answers.ts";
import { startCommand } from "./command.ts";
import { containerOf, describe, type Surrounding } from "./describe.ts";
import { askHealth } from "./health.ts";
import { type ClusterObjects, sessionContainer, wanted, type Workload } from "./objects.ts";
import { chosen, isRunning, nameOf } from "./pods.ts";
import { request } from "./request.ts";
import { askUsage } from "./usage.ts";
import { besideSession } from "./workspace.ts";

/** Something of a session's that runs in a pod, which may be another one at the next question. */
export abstract class ClusterPart implements RunningPart {
  protected readonly objects: ClusterObjects;
  readonly #container: string;

  constructor(objects: ClusterObjects, container: string) {
    this.objects = objects;
    this.#container = container;
  }

  /** Of which commands and logs are one's. */
  protected abstract pod(): Promise<V1Pod | undefined>;

  /** What to say where there is no pod. */
  protected abstract none(): string;

  async #found(): Promise<V1Pod> {
    const pod = await this.pod();
    if (pod === undefined) throw new ClusterError(this.none());
    return pod;
  }

  async start(command: readonly string[], options: CommandOptions = {}): Promise<StartedCommand> {
    const pod = await this.#found();
    refuseOptions(pod, this.#container, options);
    return startCommand(this.objects.client, { pod: nameOf(pod), container: this.#container }, command, options);
  }

  async logs({ follow = false, tail, since, timestamps = false }: LogOptions, output: Writable): Promise<void> {
    const { client } = this.objects;
    const query = new URLSearchParams({ container: this.#container, follow: String(follow), timestamps: String(timestamps) });
    if (tail !== undefined) query.set("tailLines", String(tail));
    // Whole seconds are all that comes through to the kubelet.
    if (Number(since) > 0) query.set("sinceTime", new Date(Math.floor(Number(since)) * 1000).toISOString());
    const pod = nameOf(await this.#found());
    const response = await request(client, `/api/v1/namespaces/${client.namespace}/pods/${pod}/log`, query);
    await pipeline(
      response,
      eachPiece((piece) => passOn(output, piece)),
    );
  }
}

/** The cluster's API runs commands as the container's own user, with its own variables. @throws Error when somebody asks for what it cannot do */
function refuseOptions({ spec }: V1Pod, container: string, { user, environment = {} }: CommandOptions): void {
  const found = spec?.containers.find(({ name }) => name === container);
  const { runAsUser, runAsGroup } = { ...spec?.securityContext, ...found?.securityContext };
  if (user !== undefined && user !== `${runAsUser}` && user !== `${runAsUser}:${runAsGroup}`)
    throw new ClusterError(`commands in its pod run as ${runAsUser}:${runAsGroup}, and no other user than that can be had: ${user}`);
  // What sets variables for a command has been loaded by then, by way of what these say.
  const loading = Object.keys(environment).filter((name) => name.startsWith("LD_") && found?.env?.some((own) => own.name === name));
  if (loading.length > 0)
    throw new ClusterError(
      `its settings set ${loading.join(", ")}, by which the agent's code could take a command's place; no command can be kept from it here`,
    );
}

/** What serves a session, or stands in for it. */
export class ServingPart extends ClusterPart {
  readonly #find: () => Promise<V1Pod | undefined>;
  readonly #missing: string;

  constructor(objects: ClusterObjects, container: string, find: () => Promise<V1Pod | undefined>, missing: string) {
    super(objects, container);
    this.#find = find;
    this.#missing = missing;
  }

  protected override pod(): Promise<V1Pod | undefined> {
    return this.#find();
  }

  protected override none(): string {
    return this.#missing;
  }
}

/** Seconds until a pod that was told to end has ended, beyond what it is given for that. */
const patience = 60;

/** A session as a StatefulSet of one pod, or as a pool of several behind one Service, of which commands go to one that is ready. */
export class ClusterSession extends ClusterPart implements Session {
  readonly id: string;
  readonly #surrounding: () => Promise<Surrounding>;

  /** @param surrounding asked when it is described */
  constructor(objects: ClusterObjects, id: string, surrounding: () => Promise<Surrounding>) {
    super(objects, sessionContainer);
    this.id = id;
    this.#surrounding = surrounding;
  }

  protected override async pod(): Promise<V1Pod | undefined> {
    return chosen(await this.objects.pods(this.id));
  }

  protected override none(): string {
    return `session "${this.id}" has no pod, and with a pod its output goes; it is stopped, or the cluster makes none`;
  }

  async #workload(): Promise<Workload> {
    const [found] = await this.objects.workloads(this.id);
    if (found === undefined) throw new ClusterError(`session "${this.id}" is not in the namespace ${this.objects.client.namespace}`);
    return found;
  }

  health(): Promise<Health> {
    return askHealth(this.objects, this);
  }

  async describe(): Promise<Description> {
    const [workload, pod, surrounding] = await Promise.all([this.#workload(), this.pod(), this.#surrounding()]);
    return describe(this.objects.client.place, workload, pod, surrounding);
  }

  usage(): Promise<Usage | undefined> {
    return askUsage(this);
  }

  async variable(name: string): Promise<string | undefined> {
    return containerOf(await this.#workload())?.env?.find((own) => own.name === name)?.value;
  }

  async begin(): Promise<void> {
    const workload = await this.#workload();
    if (wanted(workload) > 0) return;
    await this.#scale(workload, Number(workload.object.metadata?.annotations?.[scaleNote] ?? 1));
  }

  async stop(): Promise<void> {
    const workload = await this.#workload();
    if (wanted(workload) > 0) await this.#scale(workload, 0);
    await this.#gone((await this.objects.pods(this.id)).map(uidOf));
  }

  async restart(): Promise<void> {
    const { core, namespace } = this.objects.client;
    const pods = await this.objects.pods(this.id);
    for (const pod of pods) await core.deleteNamespacedPod({ namespace, name: nameOf(pod) });
    await this.#gone(pods.map(uidOf));
  }

  async inWorkspace<T>(work: (place: CommandPlace) => Promise<T>): Promise<T> {
    const pod = await this.pod();
    if (pod !== undefined && isRunning(pod, sessionContainer)) return work(this);
    return besideSession(this.objects, await this.#workload(), work);
  }

  /** A pool's size is noted where it is stopped: the settings may have changed by the time it begins again. */
  async #scale({ kind, name, object }: Workload, replicas: number): Promise<void> {
    const { apps, namespace } = this.objects.client;
    const note = replicas === 0 ? String(object.spec?.replicas ?? 1) : null;
    const body = { metadata: { annotations: { [scaleNote]: note } }, spec: { replicas } };
    const asMerge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
    const scaled = { namespace, name, body, fieldManager };
    if (kind === "StatefulSet") await apps.patchNamespacedStatefulSet(scaled, asMerge);
    else await apps.patchNamespacedDeployment(scaled, asMerge);
  }

  /** Waits until pods have ended. @throws Error when one does not, saying what to do */
  async #gone(uids: readonly string[]): Promise<void> {
    const deadline = Date.now() + patience * 1000;
    for (;;) {
      const left = (await this.objects.pods(this.id)).filter((pod) => uids.includes(uidOf(pod)));
      if (left.length === 0) return;
      if (Date.now() > deadline)
        throw new ClusterError(
          `${left.map(nameOf).join(", ")} was told to end ${patience} seconds ago and has not; where its node is lost for good, "kubectl --context ${this.objects.client.place.context} --namespace ${this.objects.client.namespace} delete pod --force ${left.map(nameOf).join(" ")}" gives its data free`,
        );
      await delay(500);
    }
  }
}

/** Keeps how many pods a session had when it was stopped. */
const scaleNote = `${baseline.createdBy}/replicas`;

/** The name by which Pulumi's provider takes back what was set before it: in another's the next `up` would see a conflict. */
const fieldManager = "pulumi-kubernetes";

const uidOf = ({ metadata }: V1Pod): string => metadata?.uid ?? "";

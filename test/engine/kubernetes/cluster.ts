import { randomBytes } from "node:crypto";
import { PassThrough } from "node:stream";
import { CoreV1Api, Exec, KubeConfig, type V1Pod, type V1Status } from "@kubernetes/client-node";
import { root } from "../../../stacks/cli/stack.ts";
import { textConfig } from "../../../stacks/configuration.ts";
import { deploy } from "../../../stacks/deploy.ts";
import { type Registration, type Resolution, runProgram } from "../../../stacks/recorder/program.ts";
import { revealSecrets } from "../../../stacks/recorder/secret-inputs.ts";
import { ignore } from "../../../stacks/runtime/kubernetes/answers.ts";
import { noEncryptedConfig, Secrets } from "../../../stacks/secrets.ts";
import { settingsOf } from "../../../stacks/settings.ts";
import { until } from "../rig.ts";
import { applyObject, type ClusterObject, nameOf, ObjectApi, type Operation, removeObject } from "./objects.ts";
import { context } from "./place.ts";
import { adminKubeconfig } from "./start.ts";

/** What became of each object, by `<kind>/<namespace>/<name>`, in the order in which the program asked for them. */
export type Changes = ReadonlyMap<string, Operation>;

interface Kept {
  readonly object: ClusterObject;
  readonly retain: boolean;
}

interface Waiting {
  /** The uid of the pod before, which does not count. */
  readonly not?: string;
  /** @default 90 */
  readonly seconds?: number;
  readonly namespace?: string;
}

/** As Pulumi's provider names one, for each object anew whenever it is made: no life of a stack has that of the life before. */
const newManager = () => `pulumi-kubernetes-${randomBytes(4).toString("hex")}`;

/**
 * The test cluster, as one stack of tests sees it: its settings are applied as the program registers them, by the recorder and
 * server-side apply in the Pulumi provider's place.
 */
export class Cluster {
  readonly stack: string;
  readonly context = context;
  readonly config = new KubeConfig();
  readonly #objects: ObjectApi;
  /** What this stack has applied, and in which order. */
  #applied: readonly Kept[] = [];
  #manager = newManager();

  constructor(stack: string) {
    this.stack = stack;
    this.config.loadFromFile(adminKubeconfig());
    this.#objects = this.config.makeApiClient(ObjectApi);
  }

  get kubeconfig(): string {
    return adminKubeconfig();
  }

  get core(): CoreV1Api {
    return this.config.makeApiClient(CoreV1Api);
  }

  get namespace(): string {
    return `agent-sessions-${this.stack}`;
  }

  /** Waits until the cluster, which the set-up has started, answers. */
  async up(): Promise<void> {
    await until(() => this.core.listNamespace().then(Boolean, () => false), 60, "An answer of the API server");
  }

  /**
   * Runs the program with these settings and applies what it registers; what it no longer does is removed, unless it is to be kept.
   *
   * @param described settings without `agent-sessions:` before their keys
   * @throws SettingsError, or Error with the first object that was refused and why
   */
  apply(described: Readonly<Record<string, unknown>>): Promise<Changes> {
    const source = this.#source(described);
    const { project, stack } = source;
    return this.run(() => deploy(settingsOf(source), { project, stack }, new Secrets(noEncryptedConfig)));
  }

  /** What the server would say of each object of these settings; only the namespace itself is made, since the others need it. */
  dryRun(described: Readonly<Record<string, unknown>>): Promise<Changes> {
    const source = this.#source(described);
    const { project, stack } = source;
    return this.run(() => deploy(settingsOf(source), { project, stack }, new Secrets(noEncryptedConfig)), { dryRun: true });
  }

  /** Applies what a program of the test's own registers. */
  async run(program: () => Promise<object>, { dryRun = false } = {}): Promise<Changes> {
    const changes = new Map<string, Operation>();
    const kept: Kept[] = [];
    let failure: unknown;
    const resolve = async (registration: Registration): Promise<Resolution> => {
      if (!registration.type.startsWith("kubernetes:")) return { id: registration.name, outputs: registration.inputs };
      const object = this.#objectOf(registration);
      if (failure !== undefined) return { outputs: registration.inputs };
      try {
        const { live, operation } = await applyObject(this.#objects, object, {
          manager: this.#manager,
          dryRun: dryRun && object.kind !== "Namespace",
        });
        changes.set(nameOf(object), operation);
        kept.push({ object, retain: registration.retainOnDelete });
        return { id: nameOf(object), outputs: live };
      } catch (error) {
        failure ??= error;
        return { outputs: registration.inputs };
      }
    };
    await runProgram({ project: "agent-sessions", stack: this.stack, preview: false, program, resolve });
    if (failure !== undefined) throw failure;
    if (!dryRun) await this.#remove(kept, changes);
    return changes;
  }

  /** Runs a shell line in a pod's first container. */
  async shell(pod: string, line: string, namespace = this.namespace): Promise<{ code: number; output: string }> {
    return this.exec(pod, ["bash", "-c", `exec 2>&1; ${line}`], namespace);
  }

  async exec(pod: string, command: readonly string[], namespace = this.namespace): Promise<{ code: number; output: string }> {
    const found = await this.pod(pod, namespace);
    const chunks: Buffer[] = [];
    const both = new PassThrough();
    both.on("data", (chunk: Buffer) => chunks.push(chunk));
    const status = await new Promise<V1Status>((resolve, reject) => {
      new Exec(this.config)
        .exec(namespace, pod, found.spec?.containers[0]?.name ?? "", [...command], both, both, null, false, resolve)
        .then((socket) => socket.on("close", () => reject(new Error(`${pod}: the connection ended before the command did`))), reject);
    });
    const code = status.details?.causes?.find(({ reason }) => reason === "ExitCode")?.message;
    return { code: status.status === "Success" ? 0 : Number(code ?? -1), output: Buffer.concat(chunks).toString("utf8").trim() };
  }

  pod(name: string, namespace = this.namespace): Promise<V1Pod> {
    return this.core.readNamespacedPod({ name, namespace });
  }

  /** The stack's pods that have these labels. */
  async pods(labelSelector: string): Promise<readonly V1Pod[]> {
    return (await this.core.listNamespacedPod({ namespace: this.namespace, labelSelector })).items;
  }

  /** Waits until a pod is ready. @throws Error with the events of its namespace, and what containers said last that are not well */
  async ready(name: string, { not, seconds = 90, namespace = this.namespace }: Waiting = {}): Promise<V1Pod> {
    const isReady = async () => {
      const pod = await this.pod(name, namespace).catch(() => undefined);
      const { uid, deletionTimestamp } = pod?.metadata ?? {};
      if (uid === not || deletionTimestamp !== undefined) return undefined;
      return pod?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ? pod : undefined;
    };
    return until(isReady, seconds, `Pod ${name} being ready`).catch(async (error: Error) => {
      const { items } = await this.core.listNamespacedEvent({ namespace });
      const events = items.map(({ involvedObject, message }) => `${involvedObject.kind} ${involvedObject.name}: ${message}`);
      throw new Error([error.message, ...events.slice(-20), ...(await this.#lastWords(namespace))].join("\n"));
    });
  }

  async #lastWords(namespace: string): Promise<string[]> {
    const { items } = await this.core.listNamespacedPod({ namespace });
    const unwell = items.flatMap(({ metadata, status }) =>
      [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].flatMap(({ name: container, ready }) =>
        ready ? [] : [{ namespace, name: metadata?.name ?? "", container }],
      ),
    );
    const asked = unwell.map(async (one) => {
      const said = await this.core.readNamespacedPodLog({ ...one, tailLines: 3 }).catch(() => "");
      return said === "" ? [] : [`${one.name}, ${one.container}: ${said.trim()}`];
    });
    return (await Promise.all(asked)).flat();
  }

  /** Removes what the stack has applied but for what is to be kept, and knows nothing of that either from then on. */
  async destroy(): Promise<void> {
    await this.#remove([], new Map());
    this.#manager = newManager();
  }

  /** Removes what the stack has applied. Its namespace takes what is in it along, in its own time. */
  async down(): Promise<void> {
    const wide = this.#applied.filter(({ object: { kind, metadata } }) => kind !== "Namespace" && metadata.namespace === undefined);
    for (const { object } of wide) await removeObject(this.#objects, object);
    await this.core.deleteNamespace({ name: this.namespace }).catch(ignore(404));
  }

  #source(described: Readonly<Record<string, unknown>>) {
    const { kubernetes, ...rest } = described as { readonly kubernetes?: object };
    const all = {
      strategy: "kubernetes",
      image: { agent: "none" },
      kubernetes: { context, kubeconfig: this.kubeconfig, ...kubernetes },
      ...rest,
    };
    const config = textConfig({
      config: Object.fromEntries(Object.entries(all).map(([key, value]) => [`agent-sessions:${key}`, value])),
    });
    return { project: "agent-sessions", stack: this.stack, root, config };
  }

  #objectOf({ inputs }: Registration): ClusterObject {
    return revealSecrets(inputs) as ClusterObject;
  }

  async #remove(wanted: readonly Kept[], changes: Map<string, Operation>): Promise<void> {
    const names = new Set(wanted.map(({ object }) => nameOf(object)));
    for (const { object, retain } of [...this.#applied].reverse()) {
      if (names.has(nameOf(object)) || retain) continue;
      await removeObject(this.#objects, object);
      changes.set(nameOf(object), "delete");
    }
    this.#applied = wanted;
  }
}

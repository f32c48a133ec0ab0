import type { V1ObjectMeta } from "@kubernetes/client-node";
import { labelNames } from "../../../components/cluster/labels.ts";
import type { StackSource } from "../../configuration.ts";
import { ignore } from "../../runtime/kubernetes/answers.ts";
import type { ClusterClient } from "../../runtime/kubernetes/client.ts";
import { ClusterObjects } from "../../runtime/kubernetes/objects.ts";
import { KubernetesRuntime } from "../../runtime/kubernetes.ts";
import type { EngineName, LiveStack, Workspace } from "../platform.ts";

/** What a namespace holds of a stack. The Pulumi CLI alone made it. */
export class KubernetesStack implements LiveStack {
  readonly runtime: KubernetesRuntime;
  readonly #client: ClusterClient;
  readonly #objects: ClusterObjects;

  constructor(client: ClusterClient, source: StackSource) {
    this.runtime = new KubernetesRuntime(client, source);
    this.#client = client;
    this.#objects = new ClusterObjects(client, source);
  }

  async owner(): Promise<EngineName | undefined> {
    return (await this.#made()).length > 0 ? "pulumi" : undefined;
  }

  async sessions(): Promise<readonly string[]> {
    const ids = [...(await this.#made()), ...(await this.#claims())].flatMap(({ labels }) => labels?.[labelNames.session] ?? []);
    return [...new Set(ids)].sort();
  }

  async fingerprint(): Promise<string> {
    const all = [...(await this.#made()), ...(await this.#claims())];
    return all
      .map(({ uid = "", generation = 0 }) => `${uid}/${generation}`)
      .sort()
      .join();
  }

  /** Starts pools that were stopped and scale themselves: how many pods these have stands in no settings, so no rollout starts them. */
  async rolledOut(only?: readonly string[]): Promise<void> {
    const stopped = (await this.runtime.list()).filter(({ id, state }) => state === "stopped" && (only?.includes(id) ?? true));
    for (const session of stopped) await session.begin();
  }

  async data(ids?: readonly string[]): Promise<readonly string[]> {
    return (await this.#claims())
      .filter(({ labels }) => isOf(labels, ids))
      .map(({ name = "" }) => name)
      .sort();
  }

  async removeData(name: string): Promise<void> {
    const { core, namespace } = this.#client;
    await core.deleteNamespacedPersistentVolumeClaim({ namespace, name }).catch(ignore(404));
  }

  async workspaces(ids?: readonly string[]): Promise<readonly Workspace[]> {
    const kept = (await this.#claims()).filter(({ labels }) => labels?.[labelNames.kind] === "workspace" && isOf(labels, ids));
    return kept.flatMap(({ name = "", labels }) => {
      const { [labelNames.session]: session } = labels ?? {};
      return session === undefined ? [] : [{ session, inside: (work) => this.runtime.inClaim(session, name, work) } satisfies Workspace];
    });
  }

  /** What goes with `down` and comes with `up`, whatever serves the sessions included. */
  async #made(): Promise<readonly V1ObjectMeta[]> {
    const { apps, networking, core, namespace } = this.#client;
    const asked = { namespace, labelSelector: this.#objects.of({}) };
    const lists = await Promise.all([
      apps.listNamespacedStatefulSet(asked),
      apps.listNamespacedDeployment(asked),
      core.listNamespacedService(asked),
      networking.listNamespacedNetworkPolicy(asked),
    ]);
    return lists.flatMap(({ items }) => items.map(({ metadata }: { metadata?: V1ObjectMeta }) => metadata ?? {}));
  }

  /** Those with sessions' data. */
  async #claims(): Promise<readonly V1ObjectMeta[]> {
    const { core, namespace } = this.#client;
    const labelSelector = `${this.#objects.of({})},${labelNames.session}`;
    const { items } = await core.listNamespacedPersistentVolumeClaim({ namespace, labelSelector });
    return items.map(({ metadata }) => metadata ?? {});
  }
}

const isOf = (labels: V1ObjectMeta["labels"], ids: readonly string[] | undefined): boolean =>
  ids === undefined || ids.includes(labels?.[labelNames.session] ?? "");

import type { V1Deployment, V1Pod, V1StatefulSet } from "@kubernetes/client-node";
import { type ClusterLabels, labelNames, stackLabels } from "../../../components/cluster/labels.ts";
import { baseline } from "../../../policy/baseline.ts";
import type { StackSource } from "../../configuration.ts";
import type { ClusterClient } from "./client.ts";

/** The container of a session's pod in which its agent runs. */
export const sessionContainer = "session";

/** What the controls call a session itself, beside what it keeps. */
const sessionKind = "session";

/** Labels as the API server selects by them. */
export const selector = (labels: ClusterLabels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join();

/** What runs a session: a StatefulSet of one, or the Deployment of a pool. */
export interface Workload {
  readonly kind: "StatefulSet" | "Deployment";
  readonly name: string;
  readonly id: string;
  /** `project/stack` of its labels. */
  readonly stack: string;
  readonly object: V1StatefulSet | V1Deployment;
}

/** The namespace's objects of sessions, those of one stack, or those of all. */
export class ClusterObjects {
  readonly client: ClusterClient;
  readonly #owner: ClusterLabels;

  constructor(client: ClusterClient, owner: Pick<StackSource, "project" | "stack">) {
    this.client = client;
    this.#owner = stackLabels(owner);
  }

  /** @param labels beside those of the stack */
  of(labels: ClusterLabels): string {
    return selector({ ...this.#owner, ...labels });
  }

  /** The stack's sessions. @param id of all when left out */
  async workloads(id?: string): Promise<readonly Workload[]> {
    return this.#workloads(this.of({ [labelNames.kind]: sessionKind, ...(id !== undefined && { [labelNames.session]: id }) }));
  }

  /** A session of that id whatever its stack, within the namespace. */
  async ofAnyStack(id?: string): Promise<readonly Workload[]> {
    return this.#workloads(
      selector({
        [labelNames.managedBy]: baseline.createdBy,
        [labelNames.kind]: sessionKind,
        ...(id !== undefined && { [labelNames.session]: id }),
      }),
    );
  }

  async #workloads(labelSelector: string): Promise<readonly Workload[]> {
    const { apps, namespace } = this.client;
    const [single, pools] = await Promise.all([
      apps.listNamespacedStatefulSet({ namespace, labelSelector }),
      apps.listNamespacedDeployment({ namespace, labelSelector }),
    ]);
    return [
      ...single.items.map((object) => workload("StatefulSet", object)),
      ...pools.items.map((object) => workload("Deployment", object)),
    ];
  }

  /** The pods of the stack's sessions. @param id of all when left out */
  async pods(id?: string): Promise<readonly V1Pod[]> {
    return this.#pods({ [labelNames.kind]: sessionKind, ...(id !== undefined && { [labelNames.session]: id }) });
  }

  /** The pods of what serves sessions, of one kind. @param id of what serves all when left out */
  async serving(kind: string, id?: string): Promise<readonly V1Pod[]> {
    return this.#pods({ [labelNames.kind]: kind, ...(id !== undefined && { [labelNames.serves]: id }) });
  }

  async #pods(labels: ClusterLabels): Promise<readonly V1Pod[]> {
    const { core, namespace } = this.client;
    return (await core.listNamespacedPod({ namespace, labelSelector: this.of(labels) })).items;
  }
}

function workload(kind: Workload["kind"], object: V1StatefulSet | V1Deployment): Workload {
  const { name = "", labels = {} } = object.metadata ?? {};
  const stack = `${labels[labelNames.project] ?? ""}/${labels[labelNames.stack] ?? ""}`;
  return { kind, name, id: labels[labelNames.session] ?? "", stack, object };
}

/** How many pods a session is to have. */
export const wanted = ({ object }: Workload): number => object.spec?.replicas ?? 1;

/** What the label of a pod or other object says of the session it belongs to. */
export const sessionIn = ({ metadata }: Pick<V1Pod, "metadata">): string => metadata?.labels?.[labelNames.session] ?? "";

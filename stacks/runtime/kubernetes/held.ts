import { json } from "node:stream/consumers";
import type { V1Pod } from "@kubernetes/client-node";
import type { Held } from "../runtime.ts";
import type { ClusterClient } from "./client.ts";
import { sessionContainer, sessionIn } from "./objects.ts";
import { nameOf } from "./pods.ts";
import { amountOf } from "./quantity.ts";
import { request } from "./request.ts";

/** Of a kubelet's figures, what is read here. */
interface Summary {
  readonly pods?: readonly {
    readonly podRef?: { readonly name?: string; readonly namespace?: string };
    readonly volume?: readonly { readonly name?: string; readonly usedBytes?: number; readonly capacityBytes?: number }[];
  }[];
}

/** What volumes hold by the kubelets' count, of sessions that run; or why that is not known. @param seconds after which it is given up */
export async function heldByClaims(
  client: ClusterClient,
  pods: readonly V1Pod[],
  seconds: number,
): Promise<ReadonlyMap<string, Held> | { readonly notTried: string }> {
  const nodes = [...new Set(pods.flatMap(({ spec }) => spec?.nodeName ?? []))];
  const asked = Promise.all(nodes.map((name) => summaryOf(client, name))).catch((error: unknown) => ({
    notTried:
      (error as { code?: number }).code === 403
        ? "only the kubelets count it, and this user may not ask them (nodes/proxy)"
        : (error as Error).message,
  }));
  const late = new Promise<{ notTried: string }>((resolve) =>
    setTimeout(() => resolve({ notTried: `the kubelets gave no answer within ${seconds} s` }), seconds * 1000).unref(),
  );
  const found = await Promise.race([asked, late]);
  if ("notTried" in found) return found;
  const counted = found.flatMap((summary) => summary.pods ?? []);
  const { items } = await client.core.listNamespacedPersistentVolumeClaim({ namespace: client.namespace });
  const sizes = new Map(items.map(({ metadata, status }) => [metadata?.name ?? "", amountOf(status?.capacity?.storage)]));
  return new Map(
    pods.flatMap((pod) => {
      const own = counted.find(({ podRef }) => podRef?.namespace === client.namespace && podRef.name === nameOf(pod));
      const held = own && heldBy(pod, own.volume ?? [], sizes);
      return held === undefined ? [] : [[sessionIn(pod), held] as const];
    }),
  );
}

async function summaryOf(client: ClusterClient, node: string): Promise<Summary> {
  return (await json(await request(client, `/api/v1/nodes/${node}/proxy/stats/summary`))) as Summary;
}

type Volumes = NonNullable<NonNullable<Summary["pods"]>[number]["volume"]>;

/**
 * Nothing where one of the three is not counted. Of a claim that is a folder of something greater, such as of a node's disk, the
 * kubelet counts all that is there.
 *
 * @param sizes of claims, by name
 */
function heldBy({ spec }: V1Pod, volumes: Volumes, sizes: ReadonlyMap<string, number>): Held | undefined {
  const mounts = spec?.containers.find(({ name }) => name === sessionContainer)?.volumeMounts ?? [];
  const bytes = (target: string) => {
    const name = mounts.find(({ mountPath }) => mountPath === target)?.name;
    const claim = spec?.volumes?.find((volume) => volume.name === name)?.persistentVolumeClaim?.claimName ?? "";
    const { usedBytes, capacityBytes = 0 } = volumes.find((volume) => volume.name === name) ?? {};
    return capacityBytes <= (sizes.get(claim) ?? 0) ? usedBytes : undefined;
  };
  const [workspace, session, logs] = [bytes("/workspace"), bytes("/session"), bytes("/logs")];
  return workspace === undefined || session === undefined || logs === undefined ? undefined : { workspace, session, logs };
}

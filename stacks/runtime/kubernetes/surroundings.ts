import { setHeaderOptions, type V1Pod, type V1Volume } from "@kubernetes/client-node";
import { labelNames } from "../../../components/cluster/labels.ts";
import type { MountedVolume } from "../runtime.ts";
import { ignore } from "./answers.ts";
import type { ClusterClient } from "./client.ts";
import { sessionContainer, sessionIn } from "./objects.ts";

/** What claims and Secrets pods have, by the session in their labels; without those of which this user may not ask. */
export async function mountedIn(client: ClusterClient, pods: readonly V1Pod[]): Promise<ReadonlyMap<string, readonly MountedVolume[]>> {
  const entries = pods.map(async (pod) => {
    const mounted = await mountedBy(client, pod).catch(ignore(403));
    return mounted === undefined ? [] : [[sessionIn(pod), mounted] as const];
  });
  return new Map((await Promise.all(entries)).flat());
}

async function mountedBy(client: ClusterClient, { spec }: V1Pod): Promise<readonly MountedVolume[]> {
  const mounts = spec?.containers.find(({ name }) => name === sessionContainer)?.volumeMounts ?? [];
  const found = mounts.map(async ({ name, mountPath }): Promise<MountedVolume[]> => {
    const volume = spec?.volumes?.find((one) => one.name === name);
    const object = volume && (await objectOf(client, volume));
    return object === undefined
      ? []
      : [{ target: mountPath, name: object.name, owner: object.labels[labelNames.session], kind: object.labels[labelNames.kind] }];
  });
  return (await Promise.all(found)).flat();
}

/** Labels alone: what a Secret holds is not to come here. */
const metadata = setHeaderOptions("Accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");

/** What of the namespace a volume is; nothing where it is the pod's own and goes with it. */
async function objectOf(
  { core, namespace }: ClusterClient,
  { persistentVolumeClaim, secret, configMap }: V1Volume,
): Promise<{ readonly name: string; readonly labels: Readonly<Record<string, string>> } | undefined> {
  const name = persistentVolumeClaim?.claimName ?? secret?.secretName ?? configMap?.name;
  if (name === undefined) return undefined;
  const read =
    persistentVolumeClaim !== undefined
      ? core.readNamespacedPersistentVolumeClaim({ namespace, name }, metadata)
      : secret !== undefined
        ? core.readNamespacedSecret({ namespace, name }, metadata)
        : core.readNamespacedConfigMap({ namespace, name }, metadata);
  const object = await read.catch(ignore(404));
  return { name, labels: object?.metadata?.labels ?? {} };
}

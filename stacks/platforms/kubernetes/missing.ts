import { ClusterError, ignore } from "../../runtime/kubernetes/answers.ts";
import type { ClusterClient } from "../../runtime/kubernetes/client.ts";

/** What settings name that a cluster may lack. */
export interface Needs {
  readonly runtimeClassName?: string;
  /** False for pods that have users of their own. */
  readonly hostUsers?: boolean;
  readonly storageClass?: string;
  readonly sharedStorageClass?: string;
}

/** Seconds until an API server counts as one that does not answer. */
const patience = 15;

/** Asks the API server the least that there is. @throws Error when it does not answer, or does not know who asks */
export async function refuseSilent({ version, place, server }: ClusterClient): Promise<void> {
  const late = new Promise<never>((_, reject) =>
    setTimeout(
      () =>
        reject(
          new ClusterError(
            `the API server of context "${place.context}" gave no answer at ${server} within ${patience} s; see that the cluster runs and that this machine reaches it`,
          ),
        ),
      patience * 1000,
    ).unref(),
  );
  await Promise.race([version.getCode(), late]);
}

/**
 * Stops before anything is made where the cluster lacks what settings name. What this user may not ask is left to the cluster's
 * own refusal.
 *
 * @throws Error with all that is missing, each with what there is
 */
export async function refuseMissing(client: ClusterClient, needs: Needs): Promise<void> {
  const missing = (await Promise.all([runtimeClass(client, needs), users(client, needs), storage(client, needs)])).flat();
  if (missing.length > 0) throw new ClusterError(`nothing was changed, because:\n${missing.map((line) => `  ${line}`).join("\n")}`);
}

const key = "agent-sessions:kubernetes";

const listed = (names: readonly string[]) => (names.length === 0 ? "it has none" : `there is: ${names.toSorted().join(", ")}`);

const namesIn = ({ items }: { readonly items: readonly { readonly metadata?: { readonly name?: string } }[] }) =>
  items.flatMap(({ metadata }) => metadata?.name ?? []);

async function runtimeClass({ node }: ClusterClient, { runtimeClassName: name }: Needs): Promise<string[]> {
  if (name === undefined) return [];
  const found = await node.listRuntimeClass().catch(ignore(403));
  if (found === undefined || namesIn(found).includes(name)) return [];
  return [`${key}.runtimeClassName: "${name}" is no RuntimeClass of the cluster; ${listed(namesIn(found))}`];
}

async function users({ core }: ClusterClient, { hostUsers }: Needs): Promise<string[]> {
  if (hostUsers !== false) return [];
  const nodes = await core.listNode().catch(ignore(403));
  if (nodes === undefined) return [];
  const without = nodes.items.filter(({ status }) => !status?.runtimeHandlers?.some(({ features }) => features?.userNamespaces === true));
  if (without.length < nodes.items.length || nodes.items.length === 0) return [];
  return [
    `${key}.hostUsers: false takes nodes whose runtime has user namespaces, and none of the cluster's has; remove it, or update kernel and runtime of the nodes`,
  ];
}

/** The annotation of the class that claims get which name none. */
const usual = "storageclass.kubernetes.io/is-default-class";

async function storage(client: ClusterClient, { storageClass, sharedStorageClass }: Needs): Promise<string[]> {
  const found = await client.storage.listStorageClass().catch(ignore(403));
  if (found === undefined) return [];
  const known = namesIn(found);
  const named = Object.entries({ storageClass, sharedStorageClass }).flatMap(([field, name]) =>
    name === undefined || known.includes(name) ? [] : [`${key}.${field}: "${name}" is no StorageClass of the cluster; ${listed(known)}`],
  );
  const hasUsual = found.items.some(({ metadata }) => metadata?.annotations?.[usual] === "true");
  if (storageClass !== undefined || hasUsual) return named;
  return [
    ...named,
    `the cluster has no default StorageClass for sessions' claims; name one by ${key}: {storageClass: NAME}; ${listed(known)}`,
  ];
}

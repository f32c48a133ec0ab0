import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";

/** Of several pods of one session, the one that commands go to: ready before running before any other, then by name. */
export function chosen(pods: readonly V1Pod[]): V1Pod | undefined {
  const rank = (pod: V1Pod) => (isLeaving(pod) ? 3 : isReady(pod) ? 0 : pod.status?.phase === "Running" ? 1 : 2);
  return pods.toSorted((a, b) => rank(a) - rank(b) || (nameOf(a) < nameOf(b) ? -1 : 1))[0];
}

export const nameOf = ({ metadata }: Pick<V1Pod, "metadata">): string => metadata?.name ?? "";

/** Whether it was told to end. */
export const isLeaving = ({ metadata }: V1Pod): boolean => metadata?.deletionTimestamp !== undefined;

/** Whether all its probes say that it is well, and its node answers. */
export const isReady = (pod: V1Pod): boolean =>
  !isLeaving(pod) && (pod.status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True");

/** What the kubelet says of one of its containers. */
export const statusOf = (pod: V1Pod, container: string): V1ContainerStatus | undefined =>
  pod.status?.containerStatuses?.find(({ name }) => name === container);

/** Whether commands can run in one of its containers. */
export const isRunning = (pod: V1Pod, container: string): boolean =>
  !isLeaving(pod) && statusOf(pod, container)?.state?.running !== undefined;

/** Whether its node has started nothing of it so far, not even what runs before the others. */
export const isUnstarted = ({ status }: V1Pod): boolean =>
  [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].every(({ state }) => state?.waiting !== undefined);

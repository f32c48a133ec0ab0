import type { V1ContainerStateTerminated, V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import { readAnswer, type SessionState } from "../session-state.ts";
import { isLeaving, statusOf } from "./pods.ts";

/** Why a container waits that will not wait any shorter by itself; of `ContainerCreating` and `PodInitializing` nothing is said. */
const stuck =
  /^(ErrImage|ImagePull|ImageInspect|InvalidImage|RegistryUnavailable|CreateContainer|RunContainer|CrashLoop|PreStart|PostStart)/;

/**
 * Tells a session's state from what the cluster says of its pod.
 *
 * @param wanted whether it is to run
 * @param pod nothing where there is none
 * @param answer what the session's own health check says now, where it runs
 * @param hindrance why the cluster makes no pod, or its node has started nothing of it
 */
export function podState(
  wanted: boolean,
  pod: V1Pod | undefined,
  { container, answer, hindrance }: { readonly container: string; readonly answer?: string; readonly hindrance?: string },
): SessionState {
  if (!wanted) return { state: "stopped", ...(pod !== undefined && { why: "its pod is ending" }) };
  if (pod === undefined) return hindrance === undefined ? { state: "starting" } : { state: "unhealthy", why: shortened(hindrance) };
  const taken = takenAway(pod);
  if (taken !== undefined) return { state: "unhealthy", why: taken };
  if (isLeaving(pod)) return { state: "starting", why: "its pod is made anew" };
  const own = statusOf(pod, container);
  if (own?.state?.running === undefined) return notRunning(pod, own, hindrance);
  return readAnswer(answer) ?? { state: "starting", ...endBefore(own) };
}

/** Why a pod is no longer where it was. */
function takenAway({ status, metadata }: V1Pod): string | undefined {
  if (status?.reason === "Evicted") return shortened(`evicted: ${status.message ?? "its node does not say why"}`);
  if (status?.phase === "Failed") return shortened(status.message ?? status.reason ?? "its pod has failed");
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  if (status?.reason === "NodeLost" || ready?.status === "Unknown") return "its node does not answer";
  const disrupted = status?.conditions?.find(({ type, status }) => type === "DisruptionTarget" && status === "True");
  return disrupted !== undefined && metadata?.deletionTimestamp !== undefined
    ? shortened(`${disrupted.reason ?? "taken away"}: ${disrupted.message ?? "its pod is made anew"}`)
    : undefined;
}

function notRunning(pod: V1Pod, own: V1ContainerStatus | undefined, hindrance: string | undefined): SessionState {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status === "False")
    return {
      state: "unhealthy",
      why: shortened(`${(scheduled.reason ?? "no node").toLowerCase()}: ${scheduled.message ?? "no node takes it"}`),
    };
  for (const init of pod.status?.initContainerStatuses ?? []) {
    const why = init.ready ? undefined : waits(init);
    if (why !== undefined) return { state: "unhealthy", why: `${init.name}: ${why}` };
  }
  const why = own && waits(own);
  if (why === undefined) return { state: "starting", ...(hindrance !== undefined && { why: shortened(hindrance) }) };
  return { state: "unhealthy", why, ...endBefore(own) };
}

/** Why a container does not run and will not by itself. */
function waits({ state, lastState, restartCount }: V1ContainerStatus): string | undefined {
  const ended = state?.terminated ?? lastState?.terminated;
  const { reason = "", message } = state?.waiting ?? {};
  if (ended !== undefined && (state?.terminated !== undefined || /^(CrashLoop|RunContainer)/.test(reason))) {
    if (ended.exitCode === 0 && state?.terminated !== undefined) return undefined;
    return `${endText(ended)}, ${restartCount + 1} ${restartCount === 0 ? "start" : "starts"}`;
  }
  return stuck.test(reason) ? shortened(message === undefined ? reason : `${reason}: ${message}`) : undefined;
}

/** How it ended before this start. */
function endBefore(own: V1ContainerStatus | undefined): Pick<SessionState, "exitCode" | "starts" | "why"> {
  const ended = own?.lastState?.terminated ?? own?.state?.terminated;
  if (own === undefined || ended === undefined) return {};
  const starts = own.restartCount + 1;
  return { exitCode: ended.exitCode, starts, why: `${endText(ended)}, ${starts} ${starts === 1 ? "start" : "starts"}` };
}

const endText = ({ exitCode, reason }: V1ContainerStateTerminated) =>
  reason === "OOMKilled" ? `out of memory, exit ${exitCode}` : `exit ${exitCode}`;

/** Words that others wrote: one line, of some length. */
function shortened(text: string): string {
  const line = text.replace(/[^!-~]+/g, " ").trim();
  return line.length > 200 ? `${line.slice(0, 199).trimEnd()}…` : line;
}

import type { V1Pod } from "@kubernetes/client-node";
import { beginning, ignored } from "../../streams.ts";
import type { CommandPlace, Health } from "../runtime.ts";
import { type SessionState, stateText } from "../session-state.ts";
import { containerName } from "../../../components/session.ts";
import { type ClusterObjects, sessionContainer, wanted, type Workload } from "./objects.ts";
import { chosen, isReady, isRunning, isUnstarted, nameOf } from "./pods.ts";
import { podState } from "./state.ts";

/** What an answer has at most: one line, and whatever runs in the session could take its place. */
const answerBytes = 4096;

/** What a session is now: what the cluster says of its pod, and its own health check where it runs. */
export async function askHealth(objects: ClusterObjects, session: CommandPlace & { readonly id: string }): Promise<Health> {
  const { id } = session;
  const [[workload], pods] = await Promise.all([objects.workloads(id), objects.pods(id)]);
  if (workload === undefined) return { session: id, container: containerName(id), state: "stopped", why: "it is not there" };
  const pod = chosen(pods);
  const container = pod === undefined ? workload.name : nameOf(pod);
  const answer = pod !== undefined && isRunning(pod, sessionContainer) ? await ask(session) : undefined;
  const hindrance = wanted(workload) > 0 ? await hindranceOf(objects, workload, pod) : undefined;
  const state = podState(wanted(workload) > 0, pod, {
    container: sessionContainer,
    ...(answer !== undefined && { answer }),
    ...(hindrance !== undefined && { hindrance }),
  });
  return { session: id, container, ...ofPool(workload, pods, state) };
}

/** Of a pool each pod is to be ready; what is asked is one of them. */
function ofPool(workload: Workload, pods: readonly V1Pod[], state: SessionState): SessionState {
  const all = wanted(workload);
  const ready = pods.filter(isReady).length;
  if (workload.kind !== "Deployment" || ready >= all || all <= 1) return state;
  const one = state.state === "healthy" ? "" : `, one is ${stateText(state)}`;
  return { ...state, state: state.state === "healthy" ? "starting" : state.state, why: `${ready} of ${all} pods ready${one}` };
}

/** Asks a session's own health check, without its counting. @returns nothing where it gives no answer */
async function ask(session: CommandPlace): Promise<string | undefined> {
  try {
    const text = beginning(answerBytes);
    const started = await session.start(["/usr/local/bin/session-health", "--report"]);
    await started.carry(text, ignored());
    return text.text();
  } catch {
    return undefined;
  }
}

/**
 * Why there is no pod, or why its node has started nothing of it, such as a Secret that is not there: in the words of what was to, which
 * tells by events alone, of which the last counts. That a pod had no node at first says nothing of it.
 */
async function hindranceOf({ client }: ClusterObjects, { name, kind }: Workload, pod: V1Pod | undefined): Promise<string | undefined> {
  if (pod !== undefined && !isUnstarted(pod)) return undefined;
  const { core, namespace } = client;
  const of = pod === undefined ? `involvedObject.name=${name},involvedObject.kind=${kind}` : `involvedObject.uid=${pod.metadata?.uid}`;
  const { items } = await core.listNamespacedEvent({ namespace, fieldSelector: `${of},type=Warning` }).catch(() => ({ items: [] }));
  const told = items.filter(({ reason }) => reason !== "FailedScheduling").toSorted((a, b) => timeOf(a) - timeOf(b));
  return told.at(-1)?.message;
}

const timeOf = ({ lastTimestamp, eventTime }: { readonly lastTimestamp?: Date; readonly eventTime?: Date }) =>
  (lastTimestamp ?? eventTime)?.getTime() ?? 0;

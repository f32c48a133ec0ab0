import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { V1Container, V1Job, V1Pod, V1PodSpec, V1Volume, V1VolumeMount } from "@kubernetes/client-node";
import { labelNames, stackLabels } from "../../../components/cluster/labels.ts";
import type { Owner } from "../../../components/session.ts";
import { baseline } from "../../../policy/baseline.ts";
import type { CommandPlace } from "../runtime.ts";
import { ClusterError, ignore } from "./answers.ts";
import type { ClusterClient } from "./client.ts";
import { holdInput, startCommand } from "./command.ts";
import { containerOf } from "./describe.ts";
import type { ClusterObjects, Workload } from "./objects.ts";
import { isRunning, nameOf } from "./pods.ts";
import { podState } from "./state.ts";
import { stateText } from "../session-state.ts";

/** What a pod that only looks at a workspace is made from. */
interface Beside {
  readonly owner: Owner;
  /** Of a session's pods, as far as it places and confines them. */
  readonly pod: V1PodSpec;
  readonly container: Pick<V1Container, "image" | "imagePullPolicy" | "resources" | "securityContext">;
  readonly volumes: readonly V1Volume[];
  readonly mounts: readonly V1VolumeMount[];
}

const readerName = "workspace-reader";

/**
 * Works on the workspace of a session that does not run, in a pod that has the workspace, no network and no more rights than the
 * session.
 *
 * @throws Error when its workspace was in memory, or no pod can be had
 */
export async function besideSession<T>(objects: ClusterObjects, workload: Workload, work: (place: CommandPlace) => Promise<T>): Promise<T> {
  const made = likeSession(workload);
  const volumes = made.pod.volumes?.filter(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined) ?? [];
  const mounts = (made.container.volumeMounts ?? []).filter(
    ({ name, mountPath }) => /^\/(workspace|repos)(\/|$)/.test(mountPath) && volumes.some((volume) => volume.name === name),
  );
  if (!mounts.some(({ mountPath }) => mountPath === "/workspace"))
    throw new ClusterError("the session is not running, and its workspace was memory, which ended with it");
  const used = volumes.filter(({ name }) => mounts.some((mount) => mount.name === name));
  return beside(objects.client, { ...made, volumes: used, mounts }, work);
}

/** Works on the workspace of a session that is gone, by its claim. @param other a session whose pods are like its own */
export async function besideClaim<T>(
  objects: ClusterObjects,
  other: Workload,
  claimName: string,
  work: (place: CommandPlace) => Promise<T>,
): Promise<T> {
  const volumes = [{ name: "workspace", persistentVolumeClaim: { claimName } }];
  const mounts = [{ name: "workspace", mountPath: "/workspace" }];
  return beside(objects.client, { ...likeSession(other), volumes, mounts }, work);
}

function likeSession(workload: Workload): Pick<Beside, "owner" | "pod"> & { readonly container: V1Container } {
  const pod = workload.object.spec?.template.spec;
  const container = containerOf(workload);
  if (pod === undefined || container === undefined) throw new ClusterError(`session "${workload.id}" has no container of that name`);
  const [project = "", stack = ""] = workload.stack.split("/");
  return { owner: { project, stack }, pod, container };
}

/**
 * A Job's pod lives as long as this process holds its standard input open, and with the pod goes the Job: so it ends with this
 * process however that ends. No policy but the namespace's default deny selects it.
 */
async function beside<T>(client: ClusterClient, made: Beside, work: (place: CommandPlace) => Promise<T>): Promise<T> {
  const { batch, namespace } = client;
  const name = `${readerName}-${randomBytes(6).toString("hex")}`;
  await batch.createNamespacedJob({ namespace, body: toJob(name, made) });
  try {
    const pod = await runningPod(client, name);
    const held = await holdInput(client, { pod, container: readerName });
    try {
      return await work({ start: (command, options) => startCommand(client, { pod, container: readerName }, command, options) });
    } finally {
      held.close();
    }
  } finally {
    await batch.deleteNamespacedJob({ namespace, name, propagationPolicy: "Background", gracePeriodSeconds: 0 }).catch(ignore(404));
  }
}

/** Seconds that somebody may work on a workspace at most, for one whose starter was killed before it held the input. */
const longest = 3600;

function toJob(name: string, { owner, pod, container, volumes, mounts }: Beside): V1Job {
  const labels = { ...stackLabels(owner), [labelNames.name]: readerName, [labelNames.kind]: readerName };
  const { securityContext, runtimeClassName, hostUsers, nodeSelector, tolerations, imagePullSecrets, dnsConfig } = pod;
  return {
    metadata: { name, labels },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: longest,
      ttlSecondsAfterFinished: 0,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: "Never",
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 0,
          dnsPolicy: "None",
          dnsConfig: dnsConfig ?? { nameservers: [...baseline.sealedDns] },
          ...(securityContext !== undefined && { securityContext }),
          ...(runtimeClassName !== undefined && { runtimeClassName }),
          ...(hostUsers !== undefined && { hostUsers }),
          ...(nodeSelector !== undefined && { nodeSelector }),
          ...(tolerations !== undefined && { tolerations }),
          ...(imagePullSecrets !== undefined && { imagePullSecrets }),
          volumes: [...volumes, { name: "tmp", emptyDir: { medium: "Memory", sizeLimit: "64Mi" } }],
          containers: [
            {
              name: readerName,
              ...(container.image !== undefined && { image: container.image }),
              ...(container.imagePullPolicy !== undefined && { imagePullPolicy: container.imagePullPolicy }),
              ...(container.securityContext !== undefined && { securityContext: container.securityContext }),
              command: ["cat"],
              stdin: true,
              // It ends when whoever holds it is gone.
              stdinOnce: true,
              env: [{ name: "HOME", value: "/tmp" }],
              // The quota has room for them while the session itself does not run.
              ...(container.resources !== undefined && { resources: container.resources }),
              volumeMounts: [...mounts, { name: "tmp", mountPath: "/tmp" }],
            },
          ],
        },
      },
    },
  };
}

/** Seconds until its pod runs: a claim may have to be let go of by another node first. */
const patience = 120;

/** The pod of a Job, once it runs. @throws Error with the cluster's reason when it does not in time */
async function runningPod(client: ClusterClient, job: string): Promise<string> {
  const { core, namespace } = client;
  const deadline = Date.now() + patience * 1000;
  for (;;) {
    const [pod] = (await core.listNamespacedPod({ namespace, labelSelector: `batch.kubernetes.io/job-name=${job}` })).items;
    if (pod !== undefined && isRunning(pod, readerName)) return nameOf(pod);
    if (Date.now() > deadline || pod?.status?.phase === "Failed")
      throw new ClusterError(`no pod for the session's workspace can be had: ${await reasonFor(client, job, pod)}`);
    await delay(300);
  }
}

async function reasonFor({ core, namespace }: ClusterClient, job: string, pod: V1Pod | undefined): Promise<string> {
  if (pod !== undefined) return stateText(podState(true, pod, { container: readerName }));
  const { items } = await core.listNamespacedEvent({ namespace, fieldSelector: `involvedObject.name=${job}` }).catch(() => ({ items: [] }));
  return items.at(-1)?.message ?? `none was made within ${patience} seconds`;
}

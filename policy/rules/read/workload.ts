/**
 * Containers, whatever runs them. A workload is what shares namespaces and volumes (a pod, a task, a Docker container by
 * itself); a container is one process tree in it. Most rules are written once, over these.
 */
import { containerDefinitions } from "./ecs.ts";
import { once } from "./once.ts";
import { type Extent, podContainers, podsOf } from "./pods.ts";
import type { Subject } from "./subject.ts";
import { list, type Props, record, records, text } from "./value.ts";

export type Platform = "docker" | "swarm" | "kubernetes" | "ecs";

export interface Workload {
  readonly platform: Platform;
  readonly subject: Subject;
  /** How a sentence calls it: `pod "web"`. */
  readonly title: string;
  /** The container's inputs (Docker), the service's (Swarm), the pod spec (Kubernetes) or the task definition (ECS). */
  readonly spec: Props;
  /** Labels and annotations of the pod; empty elsewhere. */
  readonly metadata: Props;
  /** How much of it is there; what a part leaves out is decided elsewhere, and stands in its spec as if it were right. */
  readonly extent: Extent;
}

export interface Container {
  readonly platform: Platform;
  readonly workload: Workload;
  readonly title: string;
  /** The part of the inputs that describes this one container. */
  readonly spec: Props;
  readonly role: "main" | "init" | "ephemeral";
}

/** The platform whose containers resources of a kind may hold. */
export function platformOf(kind: string): Platform | undefined {
  if (kind === "docker:Container") return "docker";
  if (kind === "docker:Service") return "swarm";
  if (/^aws:(ecs:(Daemon)?TaskDefinition|batch:Task)$/.test(kind)) return "ecs";
  return kind.startsWith("kubernetes:") ? "kubernetes" : undefined;
}

const words: Readonly<Record<Platform, string>> = {
  docker: "container",
  swarm: "service",
  kubernetes: "pod",
  ecs: "task definition",
};

/** The workloads in an object. */
export const workloadsOf = once(function* (subject: Subject): Iterable<Workload> {
  const platform = platformOf(subject.kind);
  if (platform === undefined) return;
  const title = `${words[platform]} "${subject.name}"`;
  if (platform !== "kubernetes") yield { platform, subject, title, spec: subject.props, metadata: {}, extent: "pod" };
  else for (const pod of podsOf(subject)) yield Object.assign(pod, { platform, subject, title });
});

/** The containers of a workload. */
export const containersOf = once(function* (workload: Workload): Iterable<Container> {
  const { platform, spec } = workload;
  const container = (what: string, inputs: Props, role: Container["role"] = "main"): Container => ({
    platform,
    workload,
    title: text(inputs.name) ? `${what} "${text(inputs.name)}"` : workload.title,
    spec: inputs,
    role,
  });
  if (platform === "docker") yield { ...container("", spec), title: workload.title };
  else if (platform === "swarm") yield { ...container("", record(record(spec.taskSpec).containerSpec)), title: workload.title };
  else if (platform === "ecs") {
    const all = [...containerDefinitions(spec.containerDefinitions)];
    for (const one of all) yield container("container", one, endsBeforeOthers(one, all) ? "init" : "main");
  } else for (const { what, role, props } of podContainers(workload)) yield container(what, props, role);
});

/** Whether another container of a task waits for the end of one, and the task for no other. */
function endsBeforeOthers({ name, essential }: Props, all: readonly Props[]): boolean {
  if (essential !== false) return false;
  for (const { dependsOn } of all)
    for (const { condition, containerName } of records(dependsOn))
      if (containerName === name && /^(success|complete)$/i.test(text(condition) ?? "")) return true;
  return false;
}

/** A Docker container that is made only so that files can be put into its volumes. One that is attached to is started by somebody. */
export function neverStarts({ platform, spec }: Pick<Container, "platform" | "spec">): boolean {
  return platform === "docker" && spec.start === false && spec.mustRun === false && spec.attach !== true;
}

/** A container that does one job and ends: it needs no health check, no restart and no init. */
export function runsOnce(container: Container): boolean {
  if (container.platform === "docker") return container.spec.mustRun === false;
  if (container.role !== "main") return true;
  return /:(Job|CronJob|batch:Task)$/.test(container.workload.subject.kind);
}

/** A task that runs on Fargate, where AWS owns the host and several host options do not exist. */
export function onFargate(workload: Workload): boolean {
  return runsOn(workload, "FARGATE");
}

/** A task for machines outside AWS (ECS Anywhere), which have no network interfaces of a VPC to give away. */
export function onExternal(workload: Workload): boolean {
  return runsOn(workload, "EXTERNAL") && !onFargate(workload);
}

function runsOn({ platform, spec }: Workload, launchType: string): boolean {
  if (platform !== "ecs") return false;
  for (const item of list(spec.requiresCompatibilities)) if (text(item)?.toUpperCase() === launchType) return true;
  return false;
}

/** A pod of Windows nodes, where what only Linux has is not there to be set. */
export function onWindows({ platform, spec }: Workload): boolean {
  if (platform !== "kubernetes") return false;
  const system = text(record(spec.os).name) ?? text(record(spec.nodeSelector)["kubernetes.io/os"]);
  return system?.toLowerCase() === "windows";
}

/** The container's security context (Kubernetes). */
export function securityContext(container: Container): Props {
  return record(container.spec.securityContext);
}

/** The pod's security context, which applies where the container's says nothing (Kubernetes). */
export function podSecurityContext(workload: Workload): Props {
  return record(workload.spec.securityContext);
}

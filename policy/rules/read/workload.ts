/**
 * Containers, whatever runs them. A workload is what shares namespaces and volumes (a pod, a task, a Docker container by
 * itself); a container is one process tree in it. Most rules are written once, over these.
 */
import { containerDefinitions } from "./ecs.ts";
import type { Subject } from "./subject.ts";
import { list, type Props, record, records, text, Unknown } from "./value.ts";

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
  if (kind === "aws:ecs:TaskDefinition" || kind === "aws:ecs:DaemonTaskDefinition") return "ecs";
  // Any object may hold a pod spec, except those that hold nothing but the user's own data.
  return /^kubernetes:(?!(ConfigMap|Secret)$)/.test(kind) ? "kubernetes" : undefined;
}

const words: Readonly<Record<Platform, string>> = {
  docker: "container",
  swarm: "service",
  kubernetes: "pod",
  ecs: "task definition",
};

export function* workloadsOf(subject: Subject): Iterable<Workload> {
  const platform = platformOf(subject.kind);
  if (platform === undefined) return;
  const title = `${words[platform]} "${subject.name}"`;
  const { props } = subject;
  if (platform !== "kubernetes") yield { platform, subject, title, spec: props, metadata: {} };
  else for (const [spec, metadata] of podSpecsIn(props, record(props.metadata), 0)) yield { platform, subject, title, spec, metadata };
}

/** Where a pod spec, or something that leads to one, may stand; a custom resource uses these names as well. */
const leadsToPods = /^(spec|template|podTemplate|podTemplateSpec|podSpec|jobTemplate|items|containers|initContainers|ephemeralContainers)$/;

/** Pod specs by their shape, so that a custom resource or an unheard-of kind does not slip by. */
function* podSpecsIn(value: Props, metadata: Props, depth: number): Iterable<readonly [Props, Props]> {
  if (depth > 12) return;
  if (looksLikePodSpec(value)) {
    yield [value, metadata];
    return;
  }
  for (const key of Object.keys(value)) {
    let inner: unknown;
    try {
      inner = value[key];
    } catch (error) {
      if (error instanceof Unknown && !leadsToPods.test(key)) continue;
      throw error;
    }
    if (Array.isArray(inner)) {
      for (const item of list(inner)) if (isObject(item)) yield* podSpecsIn(item, record(item.metadata ?? metadata), depth + 1);
    } else if (isObject(inner)) yield* podSpecsIn(inner, record(inner.metadata ?? metadata), depth + 1);
  }
}

const isObject = (value: unknown): value is Props => typeof value === "object" && value !== null && !Array.isArray(value);

function looksLikePodSpec(value: Props): boolean {
  for (const key of ["containers", "initContainers", "ephemeralContainers"]) {
    const containers = value[key];
    if (!Array.isArray(containers)) continue;
    for (const container of list(containers)) if (isObject(container)) return true;
  }
  return false;
}

export function* containersOf(workload: Workload): Iterable<Container> {
  const { platform, spec } = workload;
  const container = (title: string, inputs: Props, role: Container["role"] = "main"): Container => ({
    platform,
    workload,
    title,
    spec: inputs,
    role,
  });
  if (platform === "docker") yield container(workload.title, spec);
  else if (platform === "swarm") yield container(workload.title, record(record(spec.taskSpec).containerSpec));
  else if (platform === "ecs")
    for (const definition of containerDefinitions(spec.containerDefinitions)) yield container(named("container", definition), definition);
  else {
    for (const c of records(spec.initContainers)) yield container(named("init container", c), c, "init");
    for (const c of records(spec.containers)) yield container(named("container", c), c);
    for (const c of records(spec.ephemeralContainers)) yield container(named("ephemeral container", c), c, "ephemeral");
  }
}

const named = (what: string, spec: Props): string => `${what} "${text(spec.name) ?? ""}"`;

/** A Docker container that is made only so that files can be put into its volumes. One that is attached to is started by somebody. */
export function neverStarts({ platform, spec }: Pick<Container, "platform" | "spec">): boolean {
  return platform === "docker" && spec.start === false && spec.mustRun === false && spec.attach !== true;
}

/** A container that does one job and ends: it needs no health check, no restart and no init. */
export function runsOnce(container: Container): boolean {
  if (container.platform === "docker") return container.spec.mustRun === false;
  if (container.role !== "main") return true;
  return /:(Job|CronJob)$/.test(container.workload.subject.kind);
}

/** A task that runs on Fargate, where AWS owns the host and several host options do not exist. */
export function onFargate(workload: Workload): boolean {
  if (workload.platform !== "ecs") return false;
  for (const item of list(workload.spec.requiresCompatibilities)) if (text(item)?.toUpperCase() === "FARGATE") return true;
  return false;
}

/** The container's security context (Kubernetes). */
export function securityContext(container: Container): Props {
  return record(container.spec.securityContext);
}

/** The pod's security context, which applies where the container's says nothing (Kubernetes). */
export function podSecurityContext(workload: Workload): Props {
  return record(workload.spec.securityContext);
}

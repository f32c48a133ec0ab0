/** Pods, wherever an object holds them. */
import { isList, isObject } from "./kubernetes-objects.ts";
import { asPartOfContainer, asPartOfPod, partOfPod } from "./partial-pod.ts";
import type { Subject } from "./subject.ts";
import { each, isRecord, knownEntries, list, type Props, record, records } from "./value.ts";

/**
 * How much of a pod is there to be judged by what it leaves out: all of it, its containers alone (a step of a pipeline), or
 * nothing (a patch, or fields of a pod in an operator's own object).
 */
export type Extent = "pod" | "containers" | "part";

export interface Pod {
  readonly spec: Props;
  /** Labels and annotations. */
  readonly metadata: Props;
  readonly extent: Extent;
}

/** Where Kubernetes' own kinds have their pod; nothing else in them is one. */
const places: Readonly<Record<string, readonly string[]>> = {
  "kubernetes:Pod": [],
  "kubernetes:PodTemplate": ["template"],
  "kubernetes:Deployment": ["spec", "template"],
  "kubernetes:ReplicaSet": ["spec", "template"],
  "kubernetes:ReplicationController": ["spec", "template"],
  "kubernetes:StatefulSet": ["spec", "template"],
  "kubernetes:DaemonSet": ["spec", "template"],
  "kubernetes:Job": ["spec", "template"],
  "kubernetes:CronJob": ["spec", "jobTemplate", "spec", "template"],
};

/** Objects that hold no more than data, or what other objects may look like. */
const holdNone = /^kubernetes:(ConfigMap|Secret|CustomResourceDefinition|PodSecurityPolicy|kyverno\.io\/.*)$/;

export function* podsOf({ kind, props, isPatch }: Subject): Iterable<Pod> {
  if (holdNone.test(kind)) return;
  const place = places[kind];
  if (place === undefined) {
    yield* podsIn(props, props, isPatch, isList(kind) ? "list" : "object");
    return;
  }
  let owner = props;
  for (const key of place) owner = record(owner[key]);
  if (owner.spec !== undefined && owner.spec !== null) yield podOf(record(owner.spec), owner, isPatch ? "part" : "pod");
}

function podOf(spec: Props, owner: Props, extent: Extent): Pod {
  return {
    spec: extent === "pod" ? spec : asPartOfPod(spec),
    // Read when it is asked for: an unknown label hides nothing but itself.
    get metadata() {
      return record(owner.metadata);
    },
    extent,
  };
}

/** Fields that hold containers: Kubernetes' own, Tekton's steps and sidecars, Argo's container and script. */
const podFields = ["initContainers", "containers", "ephemeralContainers"];
const stepFields = ["steps", "sidecars", "container", "script"];

/** Where a pod, or something that leads to one, may stand: what is not known there may be one. */
const leadsToPods = /^(spec|templates?|pod|podTemplate|podTemplateSpec|podSpec|jobTemplate|items|steps|script|container|.*[cC]ontainers)$/;

/** The objects in a field, in a list of them, or in a list of lists. */
function* objectsIn(value: unknown): Iterable<Props> {
  if (isRecord(value)) yield value;
  else if (Array.isArray(value)) for (const [, item] of knownEntries(value)) yield* objectsIn(item);
}

/** Pods by their shape, so that neither a custom resource nor an unheard-of kind slips by. */
function* podsIn(value: Props, owner: Props, isPatch: boolean, place: "object" | "list" | "within"): Iterable<Pod> {
  // An object within another is judged by itself.
  if (place === "within" && isObject(value)) return;
  const known = new Map(knownEntries(value));
  const inFields = (fields: readonly string[]) => fields.flatMap((field) => [...objectsIn(known.get(field))]);
  const steps = inFields(stepFields).filter((step) => new Map(knownEntries(step)).has("image"));
  const containers = inFields(podFields);
  const part = partOfPod(value);
  if (steps.length > 0) yield podOf(value, owner, isPatch ? "part" : "containers");
  else if (containers.length > 0) yield podOf(value, owner, isPatch ? "part" : "pod");
  else if (part) yield podOf(part, owner, "part");
  const judged = new Set<unknown>([...containers, ...steps]);
  for (const [key, inner] of known) {
    if (place === "list" && key === "items") continue;
    for (const object of objectsIn(inner))
      if (!judged.has(object)) yield* podsIn(object, Object.hasOwn(object, "metadata") ? object : owner, isPatch, "within");
  }
  for (const key of Object.keys(value)) if (leadsToPods.test(key)) for (const _ of Array.isArray(value[key]) ? list(value[key]) : []);
}

export interface PodContainer {
  readonly what: string;
  readonly role: "main" | "init" | "ephemeral";
  readonly props: Props;
}

const kinds: readonly (readonly [field: string, what: string, role: PodContainer["role"]])[] = [
  ["initContainers", "init container", "init"],
  ["containers", "container", "main"],
  ["ephemeralContainers", "ephemeral container", "ephemeral"],
  ["steps", "step", "init"],
  ["sidecars", "sidecar", "init"],
  ["container", "container", "init"],
  ["script", "script", "init"],
];

/** The containers of a pod; those of a part are judged by what they set. */
export function podContainers({ spec, extent }: Pick<Pod, "spec" | "extent">): Iterable<PodContainer> {
  const fields = extent === "pod" ? kinds.slice(0, podFields.length) : kinds;
  return each(fields, function* ([field, what, role]) {
    const value = spec[field];
    for (const props of isRecord(value) && stepFields.includes(field) ? [value] : records(value))
      yield { what, role, props: extent === "part" ? asPartOfContainer(props) : props };
  });
}

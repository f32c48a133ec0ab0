/** Kubernetes objects that stand in other objects. */
import { isRecord, knownEntries, list, type Props, record, text } from "./value.ts";

/**
 * Groups of Kubernetes itself have no dot, or end in k8s.io. OpenShift's roles are judged as those that they become.
 */
const ownGroup = /^([^.]*|(.*\.)?k8s\.io|authorization\.openshift\.io)$/;

/** The kind of an object of an API group and version, `apps/v1` or `v1`. */
export function kubernetesKind(apiVersion: string, kind: string): string {
  const group = apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
  return ownGroup.test(group) ? `kubernetes:${kind}` : `kubernetes:${group}/${kind}`;
}

/** Whether a kind belongs to an API that somebody added to the cluster. */
export function isCustom(kind: string): boolean {
  return kind.startsWith("kubernetes:") && kind.includes("/");
}

/** What a mere reference to an object consists of. */
const reference = /^(apiVersion|kind|name|namespace|uid|controller|blockOwnerDeletion|fieldPath|resourceVersion)$/;

/** Whether a value is an object by itself: it says its kind, and more than a reference says. */
export function isObject(value: Props): boolean {
  const known = new Map(knownEntries(value));
  if (typeof known.get("apiVersion") !== "string" || typeof known.get("kind") !== "string") return false;
  return Object.keys(value).some((key) => !reference.test(key));
}

export interface Embedded {
  readonly kind: string;
  readonly name: string | undefined;
  readonly props: Props;
}

/** Whether a kind is one of Kubernetes' own lists. */
export const isList = (kind: string): boolean => /^kubernetes:[^/]*List$/.test(kind);

/** The objects that stand in one: the items of a list, and whatever says its kind in a custom resource. */
export function* embeddedIn(kind: string, props: Props): Iterable<Embedded> {
  if (isList(kind)) {
    for (const item of list(props.items)) {
      if (item === null || item === undefined) continue;
      const object = record(item);
      const name = nameOf(object);
      const ofList = kind.slice(0, -"List".length);
      if (ofList !== "kubernetes:") yield { kind: ofList, name, props: object };
      const said = kubernetesKind(text(object.apiVersion) ?? "", text(object.kind) ?? "");
      if (object.kind !== undefined && said !== ofList) yield { kind: said, name, props: object };
    }
  } else if (isCustom(kind)) yield* deeper(props);
}

function* deeper(value: object): Iterable<Embedded> {
  for (const [, inner] of knownEntries(value)) {
    if (typeof inner !== "object" || inner === null) continue;
    if (isRecord(inner) && isObject(inner))
      yield { kind: kubernetesKind(text(inner.apiVersion) ?? "", text(inner.kind) ?? ""), name: nameOf(inner), props: inner };
    else yield* deeper(inner);
  }
}

function nameOf(object: Props): string | undefined {
  for (const [key, metadata] of knownEntries(object))
    if (key === "metadata" && isRecord(metadata))
      for (const [field, name] of knownEntries(metadata)) if (field === "name") return text(name);
  return undefined;
}

import { awsObjectsIn } from "./aws-objects.ts";
import { embeddedIn, kubernetesKind } from "./kubernetes-objects.ts";
import { each, type Props, readable, text } from "./value.ts";

/** A resource as an engine, a state file or a plan knows it. */
export interface Resource {
  readonly urn: string;
  /** Type token, e.g. `docker:index/container:Container`. */
  readonly type: string;
  readonly name: string;
  /** Inputs. */
  readonly props: Record<string, unknown>;
  /** URN of the parent. */
  readonly parent?: string;
  /** URNs of the resources it depends on. */
  readonly dependencies?: readonly string[];
  readonly protect?: boolean;
  readonly ignoreChanges?: readonly string[];
  readonly retainOnDelete?: boolean;
  /** Made by a provider, and no component. */
  readonly custom?: boolean;
  /** Whether an engine has opened secrets already, so that nothing tells them from plain values. */
  readonly secretsOpened?: boolean;
}

/** One object that rules look at: a resource, or one that stands in another. */
export interface Subject {
  readonly resource: Resource;
  /**
   * Type without its file and version: `docker:Container`, `aws:ecs:Service`, `kubernetes:Deployment`; a custom resource
   * keeps its group, `kubernetes:argoproj.io/Workflow`.
   */
  readonly kind: string;
  readonly name: string;
  readonly props: Props;
  /** Changes an object that is there already: what it leaves out is decided elsewhere. */
  readonly isPatch: boolean;
}

/**
 * The kind of a type token. Kubernetes drops its own API groups and all versions, so that no old group and no `Patch` type
 * slips by; `aws-native` types count as the `aws` ones they are.
 */
export function kindOf(type: string): string {
  const known = kinds.get(type);
  if (known !== undefined) return known;
  const kind = kindIn(type);
  kinds.set(type, kind);
  return kind;
}

const kinds = new Map<string, string>();

function kindIn(type: string): string {
  const [provider = "", module = "", token = ""] = type.split(":");
  if (provider === "kubernetes") return kubernetesKind(module, token.replace(/Patch$/, ""));
  const folder = module.split("/")[0] ?? "";
  const owner = provider === "aws-native" ? "aws" : provider;
  return folder === "" || folder === "index" ? `${owner}:${token}` : `${owner}:${folder}:${token}`;
}

/** The objects in a resource: itself, what its inputs say that it is, and those that it holds, however deep. */
export function* subjectsOf(resource: Resource): Iterable<Subject> {
  const props = readable(resource.props);
  const kind = kindOf(resource.type);
  const isPatch = /^kubernetes:.*Patch$/.test(resource.type) && !String(resource.props.kind).endsWith("Patch");
  const object: Subject = { resource, kind, name: resource.name, props, isPatch };
  yield* objectsIn(object);
  // The provider builds what the inputs say. What they say last, so that an unknown kind hides nothing of the known type.
  const said = saidKind(object);
  if (said !== kind) yield* objectsIn({ ...object, kind: said });
}

/** The kind that an object's own inputs name; the one that it is taken for where they name none. */
export function saidKind({ kind, resource, props }: Subject): string {
  if (!kind.startsWith("kubernetes:")) return kind;
  const version = text(props.apiVersion) ?? resource.type.split(":")[1] ?? "";
  return props.kind === undefined || props.kind === null ? kind : kubernetesKind(version, String(text(props.kind)).replace(/Patch$/, ""));
}

function* objectsIn(object: Subject): Iterable<Subject> {
  yield object;
  const embedded = object.kind.startsWith("aws:") ? awsObjectsIn : embeddedIn;
  yield* each(embedded(object.kind, object.props), ({ kind, name, props }) =>
    objectsIn({ ...object, kind, name: name ?? object.name, props }),
  );
}

import { isRecord, list, type Props, readable, record, text } from "./value.ts";

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

/** One object that rules look at: a resource, or one item of a resource that is a list of them. */
export interface Subject {
  readonly resource: Resource;
  /** Type without its file and version: `docker:Container`, `aws:ecs:Service`, `kubernetes:Deployment`. */
  readonly kind: string;
  readonly name: string;
  readonly props: Props;
}

/**
 * The kind of a type token. Kubernetes drops its API group and version, so that no old group and no `Patch` type slips by;
 * `aws-native` types count as the `aws` ones they are.
 */
export function kindOf(type: string): string {
  const [provider = "", module = "", token = ""] = type.split(":");
  if (provider === "kubernetes") return `kubernetes:${token.replace(/Patch$/, "")}`;
  const folder = module.split("/")[0] ?? "";
  const owner = provider === "aws-native" ? "aws" : provider;
  return folder === "" || folder === "index" ? `${owner}:${token}` : `${owner}:${folder}:${token}`;
}

/** The objects in a resource. A Kubernetes list holds its own, however deep. */
export function* subjectsOf(resource: Resource): Iterable<Subject> {
  yield* expand(resource, kindOf(resource.type), resource.name, readable(resource.props));
}

function* expand(resource: Resource, kind: string, name: string, props: Props): Iterable<Subject> {
  if (!kind.startsWith("kubernetes:") || !kind.endsWith("List")) {
    yield { resource, kind, name, props };
    return;
  }
  for (const item of list(props.items)) {
    if (!isRecord(item)) continue;
    const itemKind = `kubernetes:${text(item.kind) ?? kind.slice("kubernetes:".length, -"List".length)}`;
    yield* expand(resource, itemKind, text(record(item.metadata).name) ?? name, item);
  }
}

import * as pulumi from "@pulumi/pulumi";
import debuggable from "@pulumi/pulumi/runtime/debuggable.js";
import structproto from "google-protobuf/google/protobuf/struct_pb.js";
import type { Properties } from "./registration.ts";

/** The parts of the SDK's runtime that it does not declare; one test guards them, and the SDK's version is pinned. */
const resource = pulumi.Resource as unknown as { stackTrace(): readonly unknown[] };
const promises = debuggable as unknown as { debuggablePromise<T>(promise: Promise<T>, context: unknown): Promise<T> };

const { fromJavaScript } = structproto.Struct;

/** Values in a message that never leaves this process. */
class Held extends structproto.Struct {
  readonly #values: Properties;

  constructor(values: Properties) {
    super();
    this.#values = values;
  }

  /** A copy, since the SDK changes what it reads. */
  override toJavaScript(): Record<string, structproto.JavaScriptValue> {
    return inOrder(this.#values) as Record<string, structproto.JavaScriptValue>;
  }

  /** For what the SDK reads by its fields. */
  override getFieldsMap(): ReturnType<structproto.Struct["getFieldsMap"]> {
    return fromJavaScript(this.toJavaScript()).getFieldsMap();
  }
}

/** With keys in the order in which a message gives them, whatever order they were written in. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const ordered: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) ordered[key] = inOrder((value as Properties)[key]);
  return ordered;
}

/**
 * Spares a program what the SDK does for an engine in another process, which took half of the time of a program of many resources.
 *
 * @param isHere whether what runs now is a program whose engine is in this process; all else is as the SDK has it
 */
export function stayInProcess(isHere: () => boolean): void {
  // Where each resource was made, all the way up, for an engine that would show it.
  resource.stackTrace = () => [];
  // An account of each promise, for an engine that goes away before it ends.
  const { debuggablePromise } = promises;
  promises.debuggablePromise = (promise, context) => (isHere() ? promise : debuggablePromise(promise, context));
  // Inputs written into the fields of a message, from which they would be read again.
  structproto.Struct.fromJavaScript = (values) => (isHere() ? new Held(values) : fromJavaScript(values));
}

export const structOf = (values: Properties) => structproto.Struct.fromJavaScript(values as Record<string, structproto.JavaScriptValue>);

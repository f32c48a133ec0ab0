import * as pulumi from "@pulumi/pulumi";
import structproto from "google-protobuf/google/protobuf/struct_pb.js";
import type { Registration } from "./registration.ts";

type JavaScript = Record<string, structproto.JavaScriptValue>;

/**
 * A registration as the program's own transforms leave it: what the engine does with them before policies judge it.
 *
 * @throws whatever a transform throws
 */
export async function transformed(registration: Registration, transforms: readonly pulumi.ResourceTransform[]): Promise<Registration> {
  let now = registration;
  for (const transform of transforms) now = await once(now, transform);
  return now;
}

async function once(registration: Registration, transform: pulumi.ResourceTransform): Promise<Registration> {
  const { custom, type, name, inputs, protect, retainOnDelete, deleteBeforeReplace, ignoreChanges } = registration;
  // As the SDK hands them to a transform.
  const props = pulumi.runtime.deserializeProperties(structproto.Struct.fromJavaScript(inputs as JavaScript), true);
  const opts = { protect, retainOnDelete, deleteBeforeReplace, ignoreChanges: [...ignoreChanges] };
  const result = await transform({ custom, type, name, props, opts });
  if (result === undefined) return registration;
  const given = await pulumi.runtime.serializeProperties(name, result.props);
  const untouched = Object.keys(given).filter((key) => key in props && result.props[key] === props[key]);
  const options = Object.entries(result.opts ?? {}).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(opts[key as keyof typeof opts]),
  );
  return {
    ...registration,
    ...Object.fromEntries(options),
    inputs: { ...given, ...Object.fromEntries(untouched.map((key) => [key, inputs[key]])) },
    transformed: [
      ...new Set([
        ...(registration.transformed ?? []),
        ...[...new Set([...Object.keys(inputs), ...Object.keys(given)])].filter((key) => !untouched.includes(key)).sort(),
        ...options.map(([key]) => `options.${key}`),
      ]),
    ],
  };
}

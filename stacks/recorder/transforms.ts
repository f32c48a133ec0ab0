import * as pulumi from "@pulumi/pulumi";
import type { Registration } from "./registration.ts";
import { unknownValue } from "./unknown.ts";

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
  const props = Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, handed(value)]));
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

/** A value as a transform is handed it. */
function handed(value: unknown): unknown {
  if (value === unknownValue) return pulumi.output(pulumi.unknown);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(handed);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, handed(inner)]));
}

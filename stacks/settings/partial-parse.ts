import { z } from "zod";
import { type Deployment, deploymentSchema } from "../schema.ts";

/** What of a faulty description has its form, key by key and entry by entry, so that it can be judged further. */
export function parsePartially(raw: unknown): Deployment {
  const kept = partialValue(deploymentSchema, raw) as Partial<Deployment> | undefined;
  const sessions = (kept?.sessions ?? []).map((entry, index) => ({ ...entry, id: entry.id ?? `#${index}` }));
  return { ...kept, sessions };
}

function partialValue(schema: z.core.$ZodType, value: unknown): unknown {
  const whole = z.safeParse(schema, value);
  if (whole.success) return whole.data;
  if (schema instanceof z.ZodOptional) return partialValue(schema.unwrap(), value);
  if (schema instanceof z.ZodArray) {
    if (!Array.isArray(value)) return undefined;
    // Entries keep their places, by which sentences name them.
    if (schema.element instanceof z.ZodObject) return value.map((entry) => partialValue(schema.element, entry) ?? {});
    // So do entries of several forms, behind holes, which flatMap passes over.
    if (schema.element instanceof z.ZodUnion)
      return Object.assign([], entriesOf(value.map((entry, index) => [String(index), partialValue(schema.element, entry)] as const)));
    return value.map((entry) => partialValue(schema.element, entry)).filter((entry) => entry !== undefined);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const given = Object.entries(value);
  if (schema instanceof z.ZodObject)
    return entriesOf(
      given.flatMap(([key, inner]) => (Object.hasOwn(schema.shape, key) ? [[key, partialValue(schema.shape[key], inner)] as const] : [])),
    );
  if (schema instanceof z.ZodRecord) return entriesOf(given.map(([key, inner]) => [key, partialValue(schema.valueType, inner)] as const));
  return undefined;
}

function entriesOf(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** Tells whether anything at or around a key has lost its form, so that nothing true can be said of how it fits with others. */
export function soundness(issues: readonly z.core.$ZodIssue[]): (...path: PropertyKey[]) => boolean {
  const faulty = issues.filter(({ code }) => code !== "unrecognized_keys").map(({ path }) => path);
  return (...path) => !faulty.some((other) => path.every((part, index) => index >= other.length || part === "*" || part === other[index]));
}

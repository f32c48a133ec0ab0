/** What a transform of the user's own means for a plan that is carried out here. */
import type { Registration } from "../recorder/registration.ts";
import { unknownValue } from "../recorder/unknown.ts";
import { isImage } from "./live.ts";

/**
 * Refuses what this engine cannot do of what a transform asks for: options, and changed images, which it knows by a tag of the inputs
 * that they were to have.
 *
 * @throws Error naming the resources
 */
export function refuseBeyondReach(registrations: readonly Registration[]): void {
  const refused = registrations.flatMap(({ name, type, transformed = [] }) => {
    const keys = transformed.filter((key) => isImage(type) || key.startsWith("options."));
    return keys.length === 0 ? [] : [`${name} (${keys.join(", ")})`];
  });
  if (refused.length > 0)
    throw new Error(
      `nothing was changed: the transform asks for what the embedded engine cannot do, ${refused.join(", ")}; leave that out, or deploy this stack with the Pulumi CLI (--engine pulumi)`,
    );
}

/**
 * Refuses a resource whose transform answers otherwise than when the plan was made: policies have judged that. What was not known then
 * may be anything.
 *
 * @throws Error naming the inputs
 */
export function refuseUnlikePlan(planned: Registration | undefined, { inputs, transformed }: Registration): void {
  if (planned === undefined || (planned.transformed ?? transformed) === undefined) return;
  const keys = [...new Set([...Object.keys(planned.inputs), ...Object.keys(inputs)])].sort();
  const other = keys.filter((key) => !agrees(planned.inputs[key], inputs[key]));
  if (other.length > 0)
    throw new Error(
      `the transform asks for something else than when the plan was made and judged (${other.join(", ")}); have it answer alike for the same resource`,
    );
}

function agrees(planned: unknown, asked: unknown): boolean {
  if (planned === asked || (typeof planned === "string" && planned.includes(unknownValue))) return true;
  if (typeof planned !== "object" || typeof asked !== "object" || planned === null || asked === null) return false;
  const [one, other] = [planned, asked] as readonly Readonly<Record<string, unknown>>[];
  const keys = new Set([...Object.keys(planned), ...Object.keys(asked)]);
  return Array.isArray(planned) === Array.isArray(asked) && [...keys].every((key) => agrees(one?.[key], other?.[key]));
}

import type { StackSource } from "../configuration.ts";
import type { Secrets } from "../secrets.ts";
import { authorityIn, judged, type Reviewed, type Step } from "./plan.ts";
import type { Registration } from "./program.ts";
import { review } from "./review.ts";
import { recordStack } from "./stack.ts";
import { unknownValue } from "./unknown.ts";

/**
 * The plan of a stack as if nothing of it were there, for whom nobody can tell what is: on any platform, without asking it.
 *
 * @throws SettingsError when the configuration is faulty, or a secret cannot be read
 */
export async function planAsNew(source: StackSource, secrets: Secrets): Promise<Reviewed> {
  const { settings, ...run } = await recordStack(source, secrets);
  const needs = neededBy(
    run.registrations,
    settings.sessions.map(({ id }) => id),
  );
  const steps = run.registrations
    .filter(({ custom, type }) => custom && !type.startsWith("pulumi:providers:"))
    .map((registration): Step => {
      const { urn, type } = registration;
      const sessions = needs.get(urn);
      return { operation: "create", urn, type, name: nameOf(registration), changes: [], ...(sessions !== undefined && { sessions }) };
    });
  const authority = { added: authorityIn(run), removed: [] };
  return judged({ steps, authority, run }, review(run.registrations, settings));
}

/** What its platform calls a resource, where the program says so. */
function nameOf({ name, inputs: { name: own, imageName, metadata } }: Registration): string {
  const asked = [own, imageName, (metadata as { readonly name?: unknown } | undefined)?.name].find((text) => typeof text === "string");
  return typeof asked === "string" && !asked.includes(unknownValue) ? asked : name;
}

/** The resources below components of a session's name, by session. */
export function resourcesOf(registrations: readonly Registration[], ids: readonly string[]): ReadonlyMap<string, readonly Registration[]> {
  const known = byUrn(registrations);
  const top = (registration: Registration): Registration => {
    const parent = known.get(registration.parent ?? "");
    return parent === undefined || parent.type === "pulumi:pulumi:Stack" ? registration : top(parent);
  };
  const below = Map.groupBy(registrations, (registration) => top(registration).name);
  return new Map(ids.map((id) => [id, below.get(id) ?? []]));
}

const byUrn = (registrations: readonly Registration[]) => new Map(registrations.map((registration) => [registration.urn, registration]));

/** By URN, the sessions that need a resource, be it for one of their own; none of a resource that no session's leads to. */
function neededBy(registrations: readonly Registration[], ids: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const known = byUrn(registrations);
  const needs = new Map<string, string[]>();
  for (const [id, own] of resourcesOf(registrations, ids)) {
    const reached = new Set<string>();
    const reach = ({ urn, dependencies }: Registration): void => {
      if (reached.has(urn)) return;
      reached.add(urn);
      for (const next of dependencies) {
        const found = known.get(next);
        if (found !== undefined) reach(found);
      }
    };
    own.forEach(reach);
    for (const urn of reached) needs.set(urn, [...(needs.get(urn) ?? []), id]);
  }
  return needs;
}

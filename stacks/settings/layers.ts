import type { Deployment, SessionSetting } from "../schema.ts";
import { keyName } from "./keys.ts";
import { sentence } from "./sentences.ts";

/** One session's settings with defaults and policy worked in, and where each of them was written. */
export interface Layered {
  readonly setting: SessionSetting;
  /** The session's own place, `sessions[2]`. */
  readonly place: readonly PropertyKey[];
  /** The full path of a key of the session: below the session, its policy or the defaults, whichever gave the value. */
  where(...path: PropertyKey[]): readonly PropertyKey[];
}

interface Layer {
  readonly place: readonly PropertyKey[];
  readonly values: Readonly<Record<string, unknown>>;
}

const isPlain = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** Choices of one kind, whose keys mean nothing beside those of another kind. */
const choices: readonly string[] = ["workspace", "credentials", "restart"];

/** Defaults, then the named policy, then the session: objects key by key, choices and everything else as a whole. */
export function layer(deployment: Deployment, entry: SessionSetting, index: number, mistakes: string[], policiesSound: boolean): Layered {
  const place = ["sessions", index];
  const policies = deployment.securityPolicies ?? {};
  const name = entry.securityPolicy;
  // A policy may not be found among what every object inherits, such as "constructor".
  const policy = name !== undefined && Object.hasOwn(policies, name) ? policies[name] : undefined;
  if (name !== undefined && policy === undefined && policiesSound) {
    const known = Object.keys(policies);
    mistakes.push(
      sentence(
        [...place, "securityPolicy"],
        name,
        known.length > 0
          ? `is not under securityPolicies; known: ${known.join(", ")}`
          : "is not under securityPolicies, which has no entry; add one",
      ),
    );
  }
  const layers: readonly Layer[] = [
    { place: ["defaults"], values: deployment.defaults ?? {} },
    { place: ["securityPolicies", name ?? ""], values: policy ?? {} },
    { place, values: entry },
  ];
  const merged: Record<string, unknown> = {};
  for (const { values } of layers) {
    for (const [key, value] of Object.entries(values)) {
      merged[key] = isPlain(value) && !choices.includes(key) ? { ...(merged[key] as object | undefined), ...value } : value;
    }
  }
  const where = (...path: PropertyKey[]) => {
    const [key, inner] = path.map(String);
    const giver = layers.findLast(
      ({ values }) => Object.hasOwn(values, key) && (!isPlain(values[key]) || inner === undefined || Object.hasOwn(values[key], inner)),
    );
    return [...(giver?.place ?? place), ...path];
  };
  return { setting: merged as SessionSetting, place, where };
}

/** The name of a session's place. */
export const placeName = ({ place }: Layered): string => keyName(place);

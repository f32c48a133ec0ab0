import type { AllowedHost } from "../../components/egress-proxy/args.ts";
import type { Egress } from "../../components/isolated-network/args.ts";
import type { SessionSetting } from "../schema.ts";
import { judgeAddresses, readAllowedHost } from "./allowed-host.ts";
import type { EgressSets } from "./egress-sets.ts";
import { sentence } from "./sentences.ts";

type EgressSetting = NonNullable<SessionSetting["network"]>["egress"];

/**
 * Where a session may connect to, with the entries of its list read. What is wrong with one is added to the mistakes.
 *
 * @param region that of the session's credentials
 */
export function resolveEgress(
  given: EgressSetting,
  place: readonly PropertyKey[],
  sets: EgressSets,
  region: string | undefined,
  mistakes: string[],
): Egress {
  if (given === undefined) return "none";
  if (typeof given === "string") return given;
  if (given.allow.length === 0 && given.mode !== "audit")
    mistakes.push(sentence([...place, "allow"], [], "is empty; name a host, or write egress: none"));
  const allow = given.allow.flatMap((entry, index): AllowedHost[] => {
    const path = [...place, "allow", index];
    if (typeof entry === "object" && "set" in entry) {
      judgeAddresses(entry.addresses ?? [], [...path, "addresses"], mistakes);
      return sets.resolve(entry, path, region, mistakes);
    }
    if (typeof entry !== "string" || !sets.names.includes(entry)) return readAllowedHost(entry, path, mistakes);
    mistakes.push(
      sentence(
        path,
        entry,
        `is a set's name; write {set: ${entry}}, or {host: ${entry}, addresses: ["10.20.0.0/16"]} for a host of that name`,
      ),
    );
    return [];
  });
  return { ...(given.mode !== undefined && { mode: given.mode }), allow: together(allow) };
}

/** Entries for one host with the same admissions in one, with the ports of all. */
function together(allow: readonly AllowedHost[]): AllowedHost[] {
  const merged = new Map<string, AllowedHost>();
  for (const entry of allow) {
    const key = JSON.stringify([entry.host, [...entry.addresses].sort()]);
    const other = merged.get(key);
    merged.set(key, other === undefined ? entry : joined(other, entry));
  }
  return [...merged.values()];
}

function joined(one: AllowedHost, other: AllowedHost): AllowedHost {
  const sets = [...new Set([...(one.sets ?? []), ...(other.sets ?? [])])].sort();
  return {
    ...one,
    ports: [...new Set([...one.ports, ...other.ports])].sort((a, b) => a - b),
    ...(sets.length > 0 && { sets }),
  };
}

import type { z } from "zod";
import { holdsToken } from "../../policy/rules/read/token-formats.ts";
import { keyName, knownKeys, unknownKey } from "./keys.ts";

/** Keys whose values may be secret and are never printed. */
const silentKeys = new Set(["environment", "secret", "tokens", "users", "certificate"]);

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[part] : undefined),
    raw,
  );
}

/**
 * A value as a sentence shows it. Long ones are cut; what may be secret is left out, at any depth, as is whoever a URL names
 * before its host: errors end up in the logs of CI.
 */
export function shown(value: unknown): string {
  const text =
    JSON.stringify(value, (key, inner: unknown) => (silentKeys.has(key) ? "…" : typeof inner === "bigint" ? String(inner) : inner)) ??
    "nothing";
  if (holdsToken(text)) return "the value";
  const open = text.replace(/(https?:\/\/)[^/\s"]*@/gi, "$1…@").replace(/(:\/\/[^/@:\s"]*):[^/\s"]*@/g, "$1:…@");
  return open.length > 80 ? `${open.slice(0, 77)}…` : open;
}

/** Key, value, and what is wrong with it together with the way out. */
export function sentence(path: readonly PropertyKey[], value: unknown, rest: string): string {
  const key = keyName(path);
  return path.some((part) => silentKeys.has(String(part))) ? `${key}: the value ${rest}.` : `${key}: ${shown(value)} ${rest}.`;
}

/** What zod found, as sentences. */
export function sentencesOf(issue: z.core.$ZodIssue, raw: unknown): string[] {
  const value = valueAt(raw, issue.path);
  if (issue.code === "unrecognized_keys") {
    const place = keyName(issue.path);
    return issue.keys.map((key) => `${place === "" ? key : `${place}.${key}`}: ${unknownKey(issue.path, key)}`);
  }
  if (issue.code === "invalid_key") return issue.issues.map((inner) => `${keyName(issue.path)}: ${inner.message}.`);
  if (issue.code === "invalid_union" && typeof value === "object" && value !== null) {
    // Of the branches that come into the value, the one with the fewest faults was meant.
    const [meant] = issue.errors
      .filter((branch) => branch.some((inner) => inner.path.length > 0 || inner.code === "unrecognized_keys"))
      .sort((one, other) => one.length - other.length);
    if (meant !== undefined)
      return meant.flatMap((inner) => sentencesOf({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue, raw));
  }
  if (value === undefined) return [`${keyName(issue.path)}: is missing; write a value for it.`];
  return [sentence(issue.path, value, ownMessage(issue))];
}

/** The schema's own message, or one for what zod finds without any. */
function ownMessage(issue: z.core.$ZodIssue): string {
  if (!/^(Invalid|Too|Unrecognized)/.test(issue.message)) return issue.message;
  if (issue.code === "invalid_type" && issue.expected === "array") return 'is not a list; write one entry "- …" for each';
  if (issue.code === "invalid_type" && (issue.expected === "object" || issue.expected === "record"))
    return `is not a set of keys and values; ${knownKeys(issue.path)}`;
  return `has not the form that is expected here (${issue.message.toLowerCase()}); see stacks/settings.schema.json`;
}

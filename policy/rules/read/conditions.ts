/** What the conditions of an AWS policy statement ask for. Operators and keys are taken in any case. */
import { isRecord, list, type Props, text } from "./value.ts";

/** One operator on one key. */
export interface Test {
  /** Lower case, without its qualifiers: `stringequals`. */
  readonly operator: string;
  /** Lower case. */
  readonly key: string;
  readonly values: readonly string[];
  /** Whether it also holds where the key is absent, so that it asks for nothing. */
  readonly holdsWithout: boolean;
}

export function* testsIn(condition: Props): Iterable<Test> {
  for (const [written, keys] of Object.entries(condition)) {
    const operator = written.toLowerCase();
    if (!isRecord(keys)) continue;
    for (const key of Object.keys(keys)) {
      const value = keys[key];
      yield {
        operator: operator.replace(/^for(any|all)values?:/, "").replace(/ifexists$/, ""),
        key: key.toLowerCase(),
        values: [...(Array.isArray(value) ? list(value) : [value])].flatMap((one) => text(one) ?? []),
        holdsWithout: operator.startsWith("forallvalue") || operator.endsWith("ifexists"),
      };
    }
  }
}

/** Operators in whose values `*` and `?` are letters. */
const literal = /^(stringequals(ignorecase)?|bool|null|ipaddress|numericequals)$/;
const patterned = /^(stringlike|arnequals|arnlike)$/;

/** Whether a value binds its key: a pattern that anybody meets does not. */
type Binds = (value: string, isPattern: boolean) => boolean;

/** Whether a statement only holds for callers whose key has one of some values, each of which binds it. */
export function bindsKey(condition: Props, isKey: (key: string) => boolean, binds: Binds): boolean {
  for (const { operator, key, values, holdsWithout } of testsIn(condition)) {
    if (holdsWithout || !isKey(key) || values.length === 0) continue;
    if (literal.test(operator) && values.every((value) => binds(value, false))) return true;
    if (patterned.test(operator) && values.every((value) => binds(value, /[*?]/.test(value)))) return true;
  }
  return false;
}

/** Keys that name an organisation, an account, a network or a resource of one's own. */
const ownKeys = new Set([
  "aws:principalorgid",
  "aws:principalorgpaths",
  "aws:principalaccount",
  "aws:principalarn",
  "aws:sourceorgid",
  "aws:sourceorgpaths",
  "aws:sourceaccount",
  "aws:sourceowner",
  "aws:sourcearn",
  "aws:sourcevpc",
  "aws:sourcevpce",
  "aws:userid",
  "kms:calleraccount",
]);

/** A pattern that begins with something: an organisation's id, a path in it, an ARN with its account. */
function namesOwner(value: string, isPattern: boolean): boolean {
  if (value === "") return false;
  if (!isPattern) return true;
  if (!value.startsWith("arn:")) return !/^[*?]/.test(value) && /^[^*?]{4,}/.test(value);
  const [, , , , account = "", resource = ""] = value.split(":");
  return account !== "" ? !/[*?]/.test(account) : /^[^*?]{3,}/.test(resource) && !/^[a-z]+\/[*?]/.test(resource);
}

/** Whether a statement for everybody is one for an organisation, an account or a source alone, as AWS writes it. */
export function namesCaller(condition: Props): boolean {
  return bindsKey(condition, (key) => ownKeys.has(key), namesOwner);
}

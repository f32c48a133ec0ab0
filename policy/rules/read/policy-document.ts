import { isRecord, list, Malformed, type Props, record, records, text, texts } from "./value.ts";

/** Whom a statement is about, and in which sense: `AWS`, `Service`, `Federated`, `*`, in lower case. */
export interface Principal {
  readonly type: string;
  readonly id: string;
}

/** One statement of an AWS policy document. */
export interface Statement {
  readonly allows: boolean;
  /** Lower case; `*` with NotAction, which allows all but a few. */
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly principals: readonly Principal[];
  /** Whether it names what it is not about, so that a denial leaves something out. */
  readonly excepts: boolean;
  readonly condition: Props;
}

/** A policy document, which is JSON text or an object. Keys are taken in any case. */
export function* statementsOf(document: unknown): Iterable<Statement> {
  if (document === undefined || document === null || document === "") return;
  for (const statement of several(field(parsed(document), "statement"))) {
    const fields = record(statement);
    const excepted = ["action", "resource", "principal"].map((name) => field(fields, `not${name}`) !== undefined);
    const [notAction, notResource, notPrincipal] = excepted;
    yield {
      allows: text(field(fields, "effect"))?.toLowerCase() === "allow",
      actions: notAction ? ["*"] : words(field(fields, "action")).map((word) => word.toLowerCase()),
      resources: notResource ? ["*"] : words(field(fields, "resource")),
      principals: notPrincipal ? [{ type: "*", id: "*" }] : principals(field(fields, "principal")),
      excepts: excepted.includes(true),
      condition: conditionOf(field(fields, "condition")),
    };
  }
}

/** Conditions as IAM has them, or as a data source lists them: `[{ test, variable, values }]`. */
function conditionOf(value: unknown): Props {
  if (!Array.isArray(value)) return record(value);
  const condition: Record<string, Record<string, unknown>> = {};
  for (const { test, variable, values } of records(value)) {
    const operator = text(test) ?? "";
    condition[operator] ??= {};
    condition[operator][text(variable) ?? ""] = values;
  }
  return condition;
}

function parsed(document: unknown): Props {
  if (typeof document !== "string") return record(document);
  try {
    const value: unknown = JSON.parse(document);
    if (isRecord(value)) return value;
  } catch {
    // Said below, without the document.
  }
  throw new Malformed("a policy document in JSON");
}

function field(fields: Props, name: string): unknown {
  for (const key of Object.keys(fields)) if (key.toLowerCase() === name || key.toLowerCase() === `${name}s`) return fields[key];
  return undefined;
}

function several(value: unknown): Iterable<unknown> {
  return Array.isArray(value) ? list(value) : value === undefined ? [] : [value];
}

function words(value: unknown): string[] {
  return [...several(value)].flatMap((word) => text(word) ?? []);
}

/** `"*"`, `{ AWS: … }`, or the `{ type, identifiers }` of a data source. */
function principals(value: unknown): Principal[] {
  if (value === undefined) return [];
  if (typeof value === "string") return [{ type: "*", id: value }];
  if (Array.isArray(value))
    return [...list(value)].flatMap((one) =>
      isRecord(one)
        ? [...texts(one.identifiers)].map((id) => ({ type: (text(one.type) ?? "").toLowerCase(), id }))
        : [{ type: "*", id: text(one) ?? "" }],
    );
  return Object.keys(record(value)).flatMap((key) => words(record(value)[key]).map((id) => ({ type: key.toLowerCase(), id })));
}

/** Whether a statement is about everybody, in any spelling of it. */
export function isForEverybody({ principals }: Statement): boolean {
  return principals.some(({ id }) => /^\*+$/.test(id) || /^arn:[^:]*:(iam|sts)::[*?]+:/.test(id));
}

const compiled = new Map<string, RegExp>();

/** Whether a pattern has a `*` or a `?` in it, so that it covers more than itself. */
export const isPattern = (words: string): boolean => /[*?]/.test(words);

/** Whether a pattern with `*` and `?` covers words. Variables such as `${aws:username}` stand for themselves. */
export function covers(pattern: string, words: string): boolean {
  if (!isPattern(pattern)) return pattern === words;
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    const parts = pattern.split(/([*?]+)/).map((part, at) => {
      if (at % 2 === 0) return part.replace(/[.+^${}()|[\]\\]/g, "\\$&");
      return part.includes("*") ? ".*" : ".".repeat(part.length);
    });
    expression = new RegExp(`^${parts.join("")}$`, "s");
    compiled.set(pattern, expression);
  }
  return expression.test(words);
}

/** Whether a pattern of an action, such as `secretsmanager:Get*`, allows one. */
export function allowsAction(pattern: string, action: string): boolean {
  return covers(pattern.toLowerCase(), action.toLowerCase());
}

import { isRecord, list, Malformed, type Props, record, records, text, texts } from "./value.ts";

/** One statement of an AWS policy document. */
export interface Statement {
  readonly allows: boolean;
  /** Lower case; `*` with NotAction, which allows all but a few. */
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly principals: readonly string[];
  readonly condition: Props;
}

/** A policy document, which is JSON text or an object. Keys are taken in any case. */
export function* statementsOf(document: unknown): Iterable<Statement> {
  if (document === undefined || document === null || document === "") return;
  for (const statement of several(field(parsed(document), "statement"))) {
    const fields = record(statement);
    yield {
      allows: text(field(fields, "effect"))?.toLowerCase() === "allow",
      actions: field(fields, "notaction") === undefined ? words(field(fields, "action")).map((word) => word.toLowerCase()) : ["*"],
      resources: field(fields, "notresource") === undefined ? words(field(fields, "resource")) : ["*"],
      principals: field(fields, "notprincipal") === undefined ? principals(field(fields, "principal")) : ["*"],
      condition: record(field(fields, "condition")),
    };
  }
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
function principals(value: unknown): string[] {
  if (value === undefined) return [];
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return [...records(value)].flatMap((one) => [...texts(one.identifiers)]);
  return Object.keys(record(value)).flatMap((key) => words(record(value)[key]));
}

/** Whether a pattern of an action, such as `secretsmanager:Get*`, allows one. */
export function allowsAction(pattern: string, action: string): boolean {
  const parts = pattern
    .toLowerCase()
    .split("*")
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*").replaceAll("\\?", ".")}$`).test(action.toLowerCase());
}

import { keyPrefix } from "../configuration.ts";

/** A JSON Schema, as far as that of the settings goes. */
export interface Schema {
  readonly description?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

/** One key of the settings. */
interface Row {
  readonly key: string;
  readonly value: string;
  readonly meaning: string;
}

/** What the reference says before its tables. */
const introduction = `# Settings

Every key of \`stacks/Pulumi.<stack>.yaml\`, below \`config:\` and behind \`agent-sessions:\`. [README.md](README.md) has examples.
Made from \`stacks/schema.ts\` by \`node stacks/settings/generate.ts\`.
`;

/**
 * The reference of all settings, as Markdown: one table for what holds for the stack, one for a session.
 *
 * @param schema that of a stack file
 */
export function settingsReference(schema: Schema): string {
  const keys = Object.entries(schema.properties?.config?.properties ?? {}).map(([key, value]) => [key.slice(keyPrefix.length), value]);
  const { sessions, defaults, ...rest } = Object.fromEntries(keys) as Record<string, Schema>;
  const ofSession = sessions?.items?.properties ?? {};
  // What stands in a security policy is a session's, told there.
  const stack = tableRows(rest).filter(({ key }) => !key.startsWith("securityPolicies.NAME."));
  const own = Object.keys(ofSession).filter((key) => defaults?.properties?.[key] === undefined);
  return [
    introduction,
    "## The stack\n",
    table(stack),
    "## `sessions[]` and `defaults`\n",
    `What stands in \`defaults\` holds for all sessions. A session alone has ${own.map((key) => `\`${key}\``).join(", ")}.\n`,
    table(tableRows(ofSession)),
  ].join("\n");
}

const tableRows = (schemas: Readonly<Record<string, Schema>>) => Object.entries(schemas).flatMap(([key, schema]) => rowsOf(key, schema));

function table(rows: readonly Row[]): string {
  const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
  const lines = rows.map(({ key, value, meaning }) => `| \`${key}\` | ${cell(value)} | ${cell(meaning)} |`);
  return ["| key | value | meaning |", "| --- | --- | --- |", ...lines, ""].join("\n");
}

/** A key with all that lies below it. */
function rowsOf(key: string, schema: Schema): Row[] {
  const meaning = schema.description ?? textOf(schema);
  return merged([{ key, value: formOf(schema), meaning }, ...below(key, schema)]);
}

function below(key: string, schema: Schema): Row[] {
  const { properties = {}, additionalProperties, items } = schema;
  return [
    ...Object.entries(properties).flatMap(([name, inner]) => (inner.const === undefined ? rowsOf(`${key}.${name}`, inner) : [])),
    ...(typeof additionalProperties === "object" ? below(`${key}.NAME`, additionalProperties) : []),
    ...(items === undefined ? [] : variantsOf(items).length > 0 ? rowsOf(`${key}[]`, items) : below(`${key}[]`, items)),
    ...variantsOf(schema).flatMap((variant) => below(key, variant)),
  ];
}

const variantsOf = ({ anyOf = [], oneOf = [] }: Schema): readonly Schema[] => [...anyOf, ...oneOf];

/** What is said of an entry that is a text, where it may be an object as well. */
const textOf = (schema: Schema): string => variantsOf(schema).find(({ type }) => type === "string")?.description ?? "";

/** What several variants have alike stands once. */
function merged(rows: readonly Row[]): Row[] {
  const told = rows.filter(({ meaning }) => meaning !== "");
  return [...Map.groupBy(told, ({ key }) => key).values()].map((same) => ({
    ...(same[0] as Row),
    meaning: [...new Set(same.map(({ meaning }) => meaning))].join(" "),
  }));
}

/** What may stand there, in a word or two. */
function formOf(schema: Schema): string {
  const variants = variantsOf(schema);
  if (variants.length > 0) return [...new Set(variants.map(formOf))].join(", ");
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(", ");
  switch (schema.type) {
    case "boolean":
      return "`true`, `false`";
    case "integer":
      return schema.minimum === undefined || schema.maximum === undefined ? "number" : `${schema.minimum} to ${schema.maximum}`;
    case "array":
      return `list: ${schema.items === undefined ? "" : formOf(schema.items)}`;
    case "object":
      return objectForm(schema);
    default:
      return schema.type === "number" ? "number" : "text";
  }
}

/** The keys of an object; of one with a kind, the kind. */
function objectForm({ properties = {}, additionalProperties }: Schema): string {
  const names = Object.keys(properties);
  const kind = properties.kind?.const;
  if (kind !== undefined) return `\`{ kind: ${kind}${names.length > 1 ? ", …" : ""} }\``;
  if (typeof additionalProperties === "object") return `\`{ NAME: … }\`, each ${formOf(additionalProperties)}`;
  return `\`{ ${names.length > 3 ? "…" : names.join(", ")} }\``;
}

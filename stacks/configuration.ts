/** The prefix of this project's keys in a stack file. */
export const keyPrefix = "agent-sessions:";

/** A stack of a checkout. */
export interface StackSource {
  readonly project: string;
  readonly stack: string;
  /** The checkout's folder. */
  readonly root: string;
  /** Configuration as Pulumi keeps it: texts, of which structured ones are JSON. */
  readonly config: Readonly<Record<string, string>>;
}

/**
 * What a stack file says, once read as YAML.
 *
 * @param file what people call it
 * @throws Error when it says nothing, or a key stands where no one looks for it
 */
export function stackConfig(content: unknown, file: string): Record<string, string> {
  const way = `write\n\nconfig:\n  ${keyPrefix}sessions:\n    - id: demo\n\nor run "npx sessions add demo"`;
  if (content === null || content === undefined) throw new Error(`${file} is empty; ${way}`);
  if (typeof content !== "object" || Array.isArray(content)) throw new Error(`${file} is not a set of keys and values; ${way}`);
  const { config } = content as { config?: Record<string, unknown> | null };
  const outside = Object.keys(content).filter((key) => key === "sessions" || key.startsWith(keyPrefix));
  if (outside.length > 0) throw new Error(`${file}: ${outside.join(", ")} belongs below "config:", as ${keyPrefix}sessions; ${way}`);
  const bare = Object.keys(config ?? {}).filter((key) => !key.includes(":"));
  if (bare.length > 0) throw new Error(`${file}: ${bare.join(", ")} has no prefix; write ${bare.map((key) => keyPrefix + key).join(", ")}`);
  return textConfig({ config: config ?? {} });
}

/** A stack file's configuration as Pulumi keeps it: texts, of which structured ones are JSON. */
export function textConfig(content: { config?: Record<string, unknown> } | null): Record<string, string> {
  return Object.fromEntries(
    Object.entries(content?.config ?? {}).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

/** Our keys of the configuration, without prefix and unpacked; keys of others, such as the CLI's own, are left alone. */
export function fromConfig(config: Readonly<Record<string, string>>): Record<string, unknown> {
  const raw: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(config)) {
    if (!key.startsWith(keyPrefix)) continue;
    raw[key.slice(keyPrefix.length)] = unpacked(key, text);
  }
  return raw;
}

function unpacked(key: string, text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw new Error(`${key} begins as JSON and is none; mend it, or write it as YAML without quotes around it`);
  }
}

/** What runs the sessions of a stack that does not say. */
export const usualStrategy = "local";

/**
 * The address of the container engine that a configuration names, whatever else is in it.
 *
 * @throws Error when it stands where it is not read: commands would speak to another engine
 */
export function engineAddress(config: Readonly<Record<string, string>>): string | undefined {
  const own = `${keyPrefix}${config[`${keyPrefix}strategy`] ?? usualStrategy}`;
  const misplaced = config[`${keyPrefix}engine`];
  if (misplaced !== undefined)
    throw new Error(`${keyPrefix}engine belongs in ${own}; write ${own}: {engine: ${JSON.stringify(misplaced)}}`);
  const options = unpacked(own, config[own] ?? "{}");
  const { engine } = typeof options === "object" && options !== null ? (options as { engine?: unknown }) : {};
  return engine === undefined ? undefined : String(engine);
}

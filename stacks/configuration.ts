/** The prefix of this project's keys in a stack file. */
export const keyPrefix = "agent-sessions:";

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
    raw[key.slice(keyPrefix.length)] = /^\s*[[{]/.test(text) ? JSON.parse(text) : text;
  }
  return raw;
}

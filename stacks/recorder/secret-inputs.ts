import { createHmac, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Properties } from "./program.ts";

/** The SDK's marks for a secret in plain JSON. */
const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

function isSecret(value: object): value is { value: unknown } {
  return (value as Record<string, unknown>)[signatureKey] === secretSignature;
}

function mapSecrets(value: unknown, replace: (secret: unknown) => unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((entry) => mapSecrets(entry, replace));
  if (isSecret(value)) return replace(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapSecrets(inner, replace)]));
}

/** Inputs as the engine is given them. */
export function revealSecrets(inputs: Properties): Properties {
  return mapSecrets(inputs, (secret) => mapSecrets(secret, (inner) => inner)) as Properties;
}

/**
 * Inputs as they may be kept and shown: in a secret's place stands a keyed hash, by which a changed one is known and from
 * which it cannot be guessed without the key.
 */
export function concealSecrets(inputs: Properties): Properties {
  return mapSecrets(
    inputs,
    (secret) => `[secret ${createHmac("sha256", secretKey()).update(JSON.stringify(secret)).digest("hex").slice(0, 16)}]`,
  ) as Properties;
}

let key: Buffer | undefined;

/** Of a key, as long as the hash. */
const keyBytes = 32;

/** The key of this user's hashes, made at first use. @throws Error when its file holds none, as a full disk leaves it */
function secretKey(): Buffer {
  if (key !== undefined) return key;
  const folder = join(process.env.XDG_STATE_HOME ?? join(homedir(), ".local/state"), "agent-sessions");
  const file = join(folder, "hash-key");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, randomBytes(keyBytes), { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const found = readFileSync(file);
  if (found.length !== keyBytes)
    throw new Error(`${file} holds ${found.length} bytes and no key of ${keyBytes}; remove it, and every secret counts as changed once`);
  key = found;
  return key;
}

import { createHash } from "node:crypto";
import { nameOf, noEncryptedConfig, Secrets } from "../secrets.ts";
import { gatewaySecrets } from "../settings/gateway.ts";
import { monitoringSecrets } from "../settings/monitoring.ts";
import type { SecretSource, Settings } from "../settings.ts";

/** The secrets of a stack, by digests of their parts; no value leaves this machine. */
export interface KnownSecrets {
  /** How many the settings name. */
  readonly count: number;
  /** The digests of what a session must not hold, with what people call each. */
  foreign(session: string): ReadonlyMap<string, string>;
  /** Those that cannot be looked for, with the reason. */
  readonly unknown: readonly string[];
}

/** What is looked for: at least twenty characters of which keys consist, with a letter and a digit among them. */
function partsOf(text: string): string[] {
  return [...new Set(text.match(/[\w-]{20,}/g) ?? [])].filter((part) => /\d/.test(part) && /[A-Za-z]/.test(part));
}

/** Reads the secrets that the settings name, as a plan does. */
export async function knownSecrets(settings: Settings): Promise<KnownSecrets> {
  const secrets = new Secrets(noEncryptedConfig);
  // What cannot be read is named one by one below.
  await secrets.read(settings).catch(() => {});
  const known = new Map<string, { name: string; holders: Set<string> }>();
  const unknown = new Set<string>();
  const sources = sourcesOf(settings);
  for (const { source, holder } of sources) {
    const digests = digestsOf(secrets, source);
    if (digests.length === 0) unknown.add(nameOf(source));
    for (const digest of digests) {
      const entry = known.get(digest) ?? { name: nameOf(source), holders: new Set() };
      if (holder !== undefined) entry.holders.add(holder);
      known.set(digest, entry);
    }
  }
  return {
    count: sources.length,
    unknown: [...unknown],
    foreign: (session) =>
      new Map([...known].flatMap(([digest, { name, holders }]) => (holders.has(session) ? [] : [[digest, name] as const]))),
  };
}

/** Every secret with the session that holds it; a proxy's, an init step's, a repository's, the parent proxy's, monitoring's and the gateway's nobody holds. */
function sourcesOf({ sessions, parent, monitoring, gateway }: Settings): { source: SecretSource; holder?: string }[] {
  const ofSessions = sessions.flatMap(({ id, credentials, repositories }) => [
    ...("secret" in credentials && credentials.secret !== undefined
      ? [{ source: credentials.secret, ...((credentials.kind === "file" || credentials.kind === "environment") && { holder: id }) }]
      : []),
    ...repositories.flatMap((repository) =>
      repository.kind === "url" && repository.credential !== undefined ? [{ source: repository.credential.secret }] : [],
    ),
  ]);
  const ofStack = [
    ...(parent?.login === undefined ? [] : [parent.login.secret]),
    ...[...monitoringSecrets(monitoring), ...gatewaySecrets(gateway)].map(({ secret }) => secret),
  ];
  return [...ofSessions, ...ofStack.map((source) => ({ source }))];
}

function digestsOf(secrets: Secrets, source: SecretSource): string[] {
  try {
    return partsOf(secrets.reference(source).reveal()).map((part) => createHash("sha256").update(part).digest("hex").slice(0, 16));
  } catch {
    return [];
  }
}

import { realpathSync, type Stats, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type AuthFile, authFiles } from "../../components/session.ts";
import type { Provider } from "../../components/credentials/provider.ts";
import { checkHostPath, fromHome } from "../../components/session-volumes/host-path.ts";
import { baseline } from "../../policy/baseline.ts";
import type { Exception } from "../../policy/exceptions.ts";
import { isNamedSecret } from "../../policy/rules/read/secret-detection.ts";
import { holdsToken, holdsUrlPassword } from "../../policy/rules/read/token-formats.ts";
import { agentMay } from "./git-repository.ts";
import type { Layered } from "./layers.ts";
import { keyName } from "./keys.ts";
import { sentence } from "./sentences.ts";

/** Where a secret is read from when a plan is made. */
export type SecretSource = {
  /** The key of the settings that names it, for sentences. */
  readonly key: string;
} & (
  | { readonly from: "env"; readonly name: string }
  | {
      readonly from: "file";
      /** Absolute. */
      readonly path: string;
    }
  | { readonly from: "command"; readonly words: readonly string[] }
  | { readonly from: "config"; readonly name: string }
  | {
      /** A Secret of the cluster's own, which is read by nobody here. */
      readonly from: "cluster";
      readonly name: string;
      /** Which of its values. */
      readonly value: string;
    }
);

/** What a session signs in with. */
export type CredentialsSetting =
  | { readonly kind: "none" }
  | (Provided & {
      readonly kind: "hostMount";
      /** The folder's real path. */
      readonly path: string;
      /** Those of its files that the agent can read. */
      readonly files: readonly AuthFile[];
    })
  | (Provided & { readonly kind: "file"; readonly secret: SecretSource })
  | (Provided & { readonly kind: "init"; readonly command: string; readonly secret?: SecretSource })
  | (Provided & {
      readonly kind: "proxy";
      readonly secret: SecretSource;
      /** An https URL. */
      readonly upstream: string;
    })
  | {
      readonly kind: "environment";
      readonly secret: SecretSource;
      /** From the policy rule CTR-026. */
      readonly exception: Omit<Exception, "resource">;
    };

interface Provided {
  readonly provider: Provider;
  /** For bedrock. */
  readonly region?: string;
}

type Given = NonNullable<Layered["setting"]["credentials"]>;
type GivenSecret = Extract<Given, { kind: "file" }>["secret"];

/** @param judged whether the key has its form, so that contradictions in it are real */
export function resolveCredentials({ setting, where }: Layered, root: string, judged: boolean, mistakes: string[]): CredentialsSetting {
  const given = setting.credentials;
  if (given === undefined || !judged) return { kind: "none" };
  if (given.kind === "none") return given;
  const secretAt = keyName(where("credentials", "secret"));
  if (given.kind === "environment") {
    for (const [name, value] of Object.entries(setting.environment ?? {})) {
      if (holdsUrlPassword(value) || isNamedSecret(name, value))
        mistakes.push(
          sentence(
            where("environment", name),
            value,
            "would pass under the exception that is made for CLAUDE_AUTH_TOKEN alone; take it out, or choose credentials of kind file",
          ),
        );
    }
    return { kind: "environment", secret: sourceOf(given.secret, root, secretAt), exception: given.exception };
  }
  const { provider = "anthropic", region } = given;
  if (provider === "bedrock" && region === undefined)
    mistakes.push(sentence(where("credentials", "provider"), provider, "needs a region; add one beside it"));
  if (provider !== "bedrock" && region !== undefined)
    mistakes.push(sentence(where("credentials", "region"), region, "belongs to the provider bedrock; remove it"));
  const provided = { provider, ...(region !== undefined && { region }) };
  switch (given.kind) {
    case "hostMount":
      return {
        kind: "hostMount",
        ...provided,
        ...ownFolder(given.path, root, where("credentials", given.path === undefined ? "kind" : "path"), mistakes),
      };
    case "init":
      return {
        kind: "init",
        ...provided,
        command: given.command,
        ...(given.secret !== undefined && { secret: sourceOf(given.secret, root, secretAt) }),
      };
    case "proxy":
      return {
        kind: "proxy",
        ...provided,
        secret: sourceOf(given.secret, root, secretAt),
        upstream: given.upstream ?? usualUpstream(provided),
      };
    case "file":
      return { kind: "file", ...provided, secret: sourceOf(given.secret, root, secretAt) };
  }
}

/** Where a model is asked, and nothing else; see the providers' API references. */
const usualUpstream = ({ provider, region }: Provided) =>
  provider === "bedrock" ? `https://bedrock-runtime.${region}.amazonaws.com/model` : "https://api.anthropic.com/v1/messages";

/** Where a secret that the settings name is read from. */
export function sourceOf(secret: GivenSecret, root: string, key: string): SecretSource {
  if ("env" in secret) return { key, from: "env", name: secret.env };
  if ("file" in secret) return { key, from: "file", path: fromHome(secret.file, root) };
  if ("command" in secret) return { key, from: "command", words: secret.command };
  if ("clusterSecret" in secret) return { key, from: "cluster", name: secret.clusterSecret.name, value: secret.clusterSecret.key };
  return { key, from: "config", name: secret.config };
}

/** The folder that credentials of kind `hostMount` name. */
export function hostMountPath(given: Layered["setting"]["credentials"]): string {
  return (given?.kind === "hostMount" ? given.path : undefined) ?? "~/.claude";
}

/** A folder with credentials, by its real path, and what the agent can read there: the agent's own usual one, or one that any session could mount. */
function ownFolder(
  path: string | undefined,
  root: string,
  where: readonly PropertyKey[],
  mistakes: string[],
): { path: string; files: readonly AuthFile[] } {
  const usual = [".config/claude", ".claude"].map((folder) => join(homedir(), folder));
  const absolute = fromHome(path ?? hostMountPath(undefined), root);
  const refuse = (rest: string) => {
    mistakes.push(sentence(where, path ?? "hostMount", rest));
    return { path: absolute, files: [] };
  };
  let real: string;
  let found: Stats;
  try {
    real = realpathSync(absolute);
    found = statSync(real);
  } catch {
    return refuse(`needs the folder ${absolute}, which is not there; sign in on this machine first, or choose {kind: file}`);
  }
  if (!usual.includes(real)) {
    const verdict = checkHostPath(real, { base: root });
    if ("refused" in verdict) return refuse(verdict.refused);
  }
  if (!found.isDirectory()) return refuse("is not a folder");
  const caller = process.getuid?.() ?? found.uid;
  if (found.uid !== caller) return refuse(`belongs to uid ${found.uid} and not to you, uid ${caller}; name a folder of your own`);
  const readable = (name: string) => {
    const file = statSync(join(real, name), { throwIfNoEntry: false });
    return file?.isFile() === true && agentMay(found, 5) && agentMay(file, 4);
  };
  const files = authFiles.filter(readable);
  if (files.length === 0) {
    return refuse(
      `holds no ${authFiles.join(", ")} that the agent, uid ${baseline.user.uid}, can read in ${real}; choose {kind: file, secret: {file: …}}, which delivers one file`,
    );
  }
  return { path: real, files };
}

/** Refuses values that have the form of a credential, wherever they stand: the stack file is committed. */
export function plainSecrets(raw: unknown, path: readonly PropertyKey[] = []): string[] {
  if (typeof raw === "string")
    return holdsToken(raw)
      ? [
          `${keyName(path)}: the value has the form of a credential, and stack files are committed; take it out and name where it is kept by credentials.secret.`,
        ]
      : [];
  if (typeof raw !== "object" || raw === null) return [];
  return Object.entries(raw).flatMap(([key, value]) => plainSecrets(value, [...path, Array.isArray(raw) ? Number(key) : key]));
}

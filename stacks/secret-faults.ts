import { longestLogin } from "../components/parent-proxy/args.ts";
import { isAwsKeyId } from "../policy/rules/read/token-formats.ts";
import type { CredentialsSetting } from "./settings/credentials.ts";
import { shortestEgressKey } from "./settings/egress-key.ts";

/** Says why a value cannot be what is needed; undefined when it may be. */
export type Judge = (value: string) => string | undefined;

export const textFault: Judge = (value) => {
  if (value.trim() === "") return "is empty; give it a value";
  return value.length > 64 * 1024 || value.includes("\0") ? "is not a text of at most 64 KB" : undefined;
};

export function judgeOf(credentials: CredentialsSetting): Judge {
  if (credentials.kind === "init") return () => undefined;
  if (credentials.kind === "proxy") return credentials.provider === "bedrock" ? bedrockKeyFault : keyFault;
  return credentials.kind === "file" && credentials.provider === "bedrock" ? awsFault : anthropicFault;
}

export const keyFault: Judge = (value) =>
  /\s/.test(value) ? "holds blanks or line breaks, which no key has; give the key alone" : undefined;

/** A password is sent as it is; what Squid has no room for would be cut off, or worse. */
export function loginJudge(username: string): Judge {
  const left = longestLogin - Buffer.byteLength(`${username}:`);
  return (value) => {
    const fault = passwordFault(value);
    if (fault !== undefined) return fault;
    return Buffer.byteLength(value) > left ? `is longer than ${left} bytes, which a proxy's login of this user has room for` : undefined;
  };
}

const passwordFault: Judge = (value) =>
  /\p{Cc}/u.test(value) ? "holds a line break or another control character; give the password alone" : undefined;

const webhookFault: Judge = (value) =>
  /^https:\/\/[^/\s@]+\/\S+$/.test(value) ? undefined : "is not the address of an incoming webhook; give the whole https:// address";

/** Why a value cannot be what monitoring's secrets are to be. */
export const ofMonitoring = { password: passwordFault, key: keyFault, webhook: webhookFault } as const;

export const egressKeyFault: Judge = (value) =>
  value.length < shortestEgressKey
    ? `has fewer than ${shortestEgressKey} characters; give it what "openssl rand -hex 32" prints`
    : keyFault(value);

export const pullSecretFault: Judge = (value) => {
  const why = 'is not what ~/.docker/config.json has; give JSON such as {"auths": {"registry.example": {"auth": "…"}}}';
  try {
    const { auths } = JSON.parse(value) as { auths?: unknown };
    return typeof auths === "object" && auths !== null ? undefined : why;
  } catch {
    return why;
  }
};

const bedrockKeyFault: Judge = (value) =>
  /^\s*aws_access_key_id\s*=/m.test(value) || isAwsKeyId(value)
    ? "is an AWS access key, and the proxy signs no requests; give an API key of Amazon Bedrock, or choose credentials of kind file"
    : keyFault(value);

const awsFault: Judge = (value) =>
  /^\s*aws_access_key_id\s*=/m.test(value) ? undefined : "holds no aws_access_key_id; give the content of an AWS credentials file";

const anthropicFault: Judge = (value) => {
  if (!value.startsWith("{")) return keyFault(value);
  return isOauthStore(value)
    ? undefined
    : "is JSON without claudeAiOauth; give an API key, a token of claude setup-token, or the agent's .credentials.json";
};

function isOauthStore(text: string): boolean {
  try {
    return typeof (JSON.parse(text) as { claudeAiOauth?: { accessToken?: unknown } }).claudeAiOauth?.accessToken === "string";
  } catch {
    return false;
  }
}

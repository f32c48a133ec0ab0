import type * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { byWayOf, type ParentProxy, parentFor } from "../parent-proxy/args.ts";
import {
  type Companion,
  type Mount,
  scratch,
  type SecretReference,
  secretMount,
  type Service,
  serviceLimits,
  type SessionPart,
} from "../session-part.ts";
import { credentialProxyName } from "../session.ts";
import { bedrockEnvironment, type Provided } from "./provider.ts";

export interface CredentialProxyArgs extends Provided {
  readonly sessionId: string;
  /** The session's own image. */
  readonly image: pulumi.Input<string>;
  /** The one URL that the key is for; its path is the prefix that requests must have. */
  readonly upstream: string;
  /** The key. */
  readonly secret: SecretReference;
  /** By way of which the upstream is reached. @default directly */
  readonly parent?: ParentProxy;
}

const program = ["node", "/usr/local/lib/agent-sessions/credential-proxy.js"] as const;

/** Where a session finds the socket of its credential proxy. */
export const proxyFolder = "/run/credential-proxy";

/** Where the agent finds the proxy, on the session's own loopback address. */
const port = 18_787;

/** The API's own paths at the end of an upstream. */
const apiPath = { anthropic: /\/v1(\/.*)?$/, bedrock: /\/model(\/.*)?$/ };

/**
 * Adds a session's key to its requests outside the session. All that the two share is a socket in a volume, so a session
 * without any network has it too, and the proxy takes nothing to anywhere but its one upstream.
 */
export function credentialProxy(args: CredentialProxyArgs): Service {
  const { sessionId, image, provider, upstream, secret } = args;
  const way = byWayOf(parentFor(args.parent, new URL(upstream).hostname));
  return {
    name: credentialProxyName(sessionId),
    kind: "credential-proxy",
    runs: "beside",
    image,
    program,
    environment: { PROVIDER: provider, SESSION_ID: sessionId, UPSTREAM: upstream, ...way.environment },
    mounts: [{ ...socketMount(args), readOnly: false }, secretMount("token", secret), ...way.mounts, scratch],
    limits: serviceLimits,
    health: { ...baseline.healthCheck, command: [...program, "--check"] },
    reaches: "any host",
  };
}

/** All that a session has of its proxy. */
export function socketMount({ sessionId }: Pick<CredentialProxyArgs, "sessionId">): Mount {
  const source = { kind: "companion", companion: credentialProxyName(sessionId), leaves: "socket" } as const;
  return { target: proxyFolder, readOnly: true, source };
}

/** The agent's base URL is what is before the API's own paths. Its key is a placeholder, and no other is asked for. */
export function modelEnvironment({ provider, region, upstream }: Pick<CredentialProxyArgs, "provider" | "region" | "upstream">) {
  const base = new URL(upstream).pathname.replace(apiPath[provider], "").replace(/\/+$/, "");
  const url = `http://127.0.0.1:${port}${base}`;
  return {
    ...(provider === "anthropic"
      ? { ANTHROPIC_BASE_URL: url, ANTHROPIC_AUTH_TOKEN: "none" }
      : { ...bedrockEnvironment(region), CLAUDE_CODE_SKIP_BEDROCK_AUTH: "1", ANTHROPIC_BEDROCK_BASE_URL: url }),
    SESSION_MODEL_PORT: String(port),
  };
}

/** The proxy's name and port where a session reaches it by an address. */
export const credentialProxyHost = "credential-proxy";
export const credentialProxyPort = port;

/**
 * The same credentials where a session and its proxy share no machine, and so no socket: the session is told the proxy's host, and
 * the proxy listens on a port. Nothing but the platform's network then keeps others from it.
 *
 * @param host by which the session finds it
 */
export function byAddress<Part extends SessionPart>(part: Part, host = credentialProxyHost): Part {
  if (!part.mounts.some(isSocket)) return part;
  const listening = (companion: Companion): Companion => ({
    ...companion,
    environment: { ...companion.environment, LISTEN_PORT: String(credentialProxyPort) },
    mounts: companion.mounts.filter((mount) => !isSocket(mount)),
  });
  return {
    ...part,
    mounts: part.mounts.filter((mount) => !isSocket(mount)),
    environment: { ...part.environment, SESSION_MODEL_PROXY: `${host}:${credentialProxyPort}` },
    companions: part.companions.map((companion) => (companion.mounts.some(isSocket) ? listening(companion) : companion)),
  };
}

const isSocket = ({ source }: Mount): boolean => source.kind === "companion" && source.leaves === "socket";

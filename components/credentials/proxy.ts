import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { toOpenNetwork, toService } from "../container-engine/auxiliary.ts";
import { ownVolumeGuard, processLimit } from "../container-engine/hooks.ts";
import { authorityLabel, dockerLabels } from "../labels.ts";
import { credentialProxyName, secretStem, sessionLabels } from "../session.ts";
import { type ParentProxy, parentFor } from "../parent-proxy/args.ts";
import { parentAccess } from "../parent-proxy/docker.ts";
import type { Mount } from "../session-volumes/args.ts";
import { bedrockEnvironment, type Provided, proxyFolder } from "./args.ts";
import { SecretFile } from "./secret-file.ts";

export interface CredentialProxyArgs extends Provided {
  readonly sessionId: string;
  /** `<project>/<stack>`; becomes a label. */
  readonly stack: string;
  /** The session's own image. */
  readonly image: pulumi.Input<string>;
  /** The one URL that the key is for; its path is the prefix that requests must have. */
  readonly upstream: string;
  /** The key. */
  readonly value: string;
  /** By way of which the upstream is reached. @default directly */
  readonly parent?: ParentProxy;
}

const script = "/usr/local/lib/agent-sessions/credential-proxy.js";

/** Where the agent finds the proxy, on the session's own loopback address. */
const port = 18_787;

/** The API's own paths at the end of an upstream. */
const apiPath = { anthropic: /\/v1(\/.*)?$/, bedrock: /\/model(\/.*)?$/ };

/**
 * Adds a session's key to its requests outside the session. All that the two share is a socket in a volume, so a session
 * without any network has it too, and the proxy takes nothing to anywhere but its one upstream.
 */
export class CredentialProxy extends pulumi.ComponentResource {
  /** What the session mounts. */
  readonly mount: Mount;
  /** Plain variables by which the agent finds the proxy. */
  readonly environment: Readonly<Record<string, string>>;
  readonly resources: readonly pulumi.Resource[];

  constructor(name: string, args: CredentialProxyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:CredentialProxy", name, {}, opts);
    const { sessionId, stack, image, provider, upstream } = args;
    const stem = credentialProxyName(sessionId);
    const labels = { ...sessionLabels(sessionId, stack), kind: "credential-proxy" };
    const volume = new docker.Volume(
      `${name}-volume`,
      { name: stem, driver: "local", labels: dockerLabels(labels) },
      { parent: this, hooks: { beforeCreate: [ownVolumeGuard(this)] } },
    );
    const network = new docker.Network(`${name}-network`, toOpenNetwork(stem, labels), { parent: this, deleteBeforeReplace: true });
    const secret = new SecretFile(
      `${name}-secret`,
      { volume: secretStem(stem), carrier: secretStem(stem), target: "/secret", files: { token: args.value }, image, labels },
      { parent: this },
    );
    const access = parentAccess(
      name,
      { parent: parentFor(args.parent, new URL(upstream).hostname), container: stem, image, labels },
      { parent: this },
    );
    const service = toService(
      {
        name: stem,
        image,
        program: ["node", script],
        environment: { PROVIDER: provider, SESSION_ID: sessionId, UPSTREAM: upstream, ...access.environment },
        labels: { ...labels, ...authorityLabel(access.authority) },
        mounts: [{ ...socketMount(sessionId), readOnly: false }, secret.mount, ...access.mounts],
        network: stem,
      },
      ["node", script, "--check"],
    );
    const proxy = new docker.Container(`${name}-container`, service, {
      parent: this,
      dependsOn: [volume, network, ...secret.resources, ...access.resources],
      replaceWith: [volume, network],
      deleteBeforeReplace: true,
      hooks: { afterCreate: [processLimit(this)], afterUpdate: [processLimit(this)] },
    });
    this.mount = socketMount(sessionId);
    this.environment = proxyEnvironment(args);
    this.resources = [proxy];
    this.registerOutputs({ upstream });
  }
}

/** All that a session has of its proxy. */
export function socketMount(sessionId: string): Mount {
  return { target: proxyFolder, readOnly: true, source: { kind: "volume", name: credentialProxyName(sessionId) } };
}

/** The agent's base URL is what is before the API's own paths. Its key is a placeholder, and no other is asked for. */
export function proxyEnvironment({ provider, region, upstream }: Pick<CredentialProxyArgs, "provider" | "region" | "upstream">) {
  const base = new URL(upstream).pathname.replace(apiPath[provider], "").replace(/\/+$/, "");
  const url = `http://127.0.0.1:${port}${base}`;
  return {
    ...(provider === "anthropic"
      ? { ANTHROPIC_BASE_URL: url, ANTHROPIC_AUTH_TOKEN: "none" }
      : { ...bedrockEnvironment(region), CLAUDE_CODE_SKIP_BEDROCK_AUTH: "1", ANTHROPIC_BEDROCK_BASE_URL: url }),
    SESSION_MODEL_PORT: String(port),
  };
}

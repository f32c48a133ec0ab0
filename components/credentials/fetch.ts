import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { ownVolumeGuard, runOnce } from "../container-engine/hooks.ts";
import { toJob, toOpenNetwork } from "../container-engine/auxiliary.ts";
import { authorityLabel, dockerLabels } from "../labels.ts";
import { authStem, fetchedName, secretStem, sessionLabels } from "../session.ts";
import { noProxyText, type ParentProxy } from "../parent-proxy/args.ts";
import { parentAccess } from "../parent-proxy/docker.ts";
import type { Mount } from "../session-volumes/args.ts";
import type { Provider } from "./args.ts";
import { SecretFile } from "./secret-file.ts";

export interface CredentialFetchArgs {
  readonly sessionId: string;
  /** `<project>/<stack>`; becomes a label. */
  readonly stack: string;
  /** The session's own image. */
  readonly image: pulumi.Input<string>;
  readonly provider: Provider;
  /** A line for bash; what it prints is the credential. It stands in plain state. */
  readonly command: string;
  /** A secret that the command needs, at `/secret/token`. @default none */
  readonly value?: string;
  /** Where the session finds the credential. */
  readonly target: string;
  /** By way of which the command reaches any host, where its programs heed the usual variables. @default directly */
  readonly parent?: ParentProxy;
}

/**
 * Fetches a session's credential before the session starts, in a container that runs once, holds no more rights than a
 * session and reaches any host. A changed command or secret runs it again.
 */
export class CredentialFetch extends pulumi.ComponentResource {
  /** What the session mounts. */
  readonly mount: Mount;
  readonly resources: readonly pulumi.Resource[];

  constructor(name: string, args: CredentialFetchArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:CredentialFetch", name, {}, opts);
    const stem = authStem(args.sessionId);
    const labels = { ...sessionLabels(args.sessionId, args.stack), kind: "auth" };
    const source = { kind: "volume", name: fetchedName(args.sessionId) } as const;
    const volume = new docker.Volume(
      `${name}-volume`,
      { name: source.name, driver: "local", labels: dockerLabels(labels) },
      { parent: this, hooks: { beforeCreate: [ownVolumeGuard(this)] } },
    );
    const network = new docker.Network(`${name}-network`, toOpenNetwork(stem, labels), { parent: this, deleteBeforeReplace: true });
    const secret =
      args.value === undefined
        ? undefined
        : new SecretFile(
            `${name}-secret`,
            {
              volume: secretStem(stem),
              carrier: secretStem(stem),
              target: "/secret",
              files: { token: args.value },
              image: args.image,
              labels,
            },
            { parent: this },
          );
    const access = parentAccess(name, { parent: args.parent, container: stem, image: args.image, labels }, { parent: this });
    const job = toJob({
      name: stem,
      image: args.image,
      program: [...access.program, "/usr/local/bin/credential-fetch"],
      environment: {
        FETCH_COMMAND: args.command,
        FETCH_PROVIDER: args.provider,
        ...access.environment,
        ...(args.parent?.noProxy?.length && { PARENT_NO_PROXY: noProxyText(args.parent) }),
      },
      labels: { ...labels, ...authorityLabel(access.authority) },
      // The session image's workspace belongs to the agent, and a new volume takes that over.
      mounts: [{ target: "/workspace", readOnly: false, source }, ...(secret === undefined ? [] : [secret.mount]), ...access.mounts],
      network: stem,
    });
    const again = [volume, network, ...(secret?.resources ?? [])];
    const fetch = new docker.Container(`${name}-fetch`, job, {
      parent: this,
      dependsOn: [...again, ...access.resources],
      replaceWith: again,
      deleteBeforeReplace: true,
      hooks: { afterCreate: [runOnce(this)] },
    });
    this.mount = { target: args.target, readOnly: true, source };
    this.resources = [fetch];
    this.registerOutputs({ volume: source.name });
  }
}

import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { toJob, toOpenNetwork } from "../container-engine/auxiliary.ts";
import { cloneName, secretStem } from "../session.ts";
import { SecretFile } from "../credentials/secret-file.ts";
import { ownVolumeGuard, runOnce } from "../container-engine/hooks.ts";
import { authorityLabel, dockerLabels } from "../labels.ts";
import { type ParentProxy, parentFor } from "../parent-proxy/args.ts";
import { directAccess, parentAccess } from "../parent-proxy/docker.ts";
import type { Mount, Repository } from "./args.ts";

/** A repository that is cloned once and read by every session that names the same URL. */
export interface RepositoryCloneArgs {
  /** The name under `/repos`. */
  readonly name: string;
  /** `https://`, `http://`, `git://`, `ssh://` or `file://` URL. No password in it. */
  readonly url: string;
  /** A branch, tag or commit; a changed one updates the clone. @default the remote's own default branch */
  readonly ref?: string;
  /** For a `file://` URL: the real path on the host. */
  readonly hostPath?: string;
  /** Signs in where the URL leads, and nowhere else; no session sees it. @default nothing */
  readonly credential?: {
    readonly username: string;
    readonly password: string;
    /** What people call the password: where it was read from. */
    readonly secretName: string;
  };
  /** By way of which an http or https URL is reached; git's other protocols know no such proxy. @default directly */
  readonly parent?: ParentProxy;
  /** An image with git; the sessions' own. */
  readonly image: pulumi.Input<string>;
  /** `<project>/<stack>`; becomes a label. */
  readonly stack: string;
}

/** Clones a repository into a volume, with a container that runs once and holds no more rights than a session. */
export class RepositoryClone extends pulumi.ComponentResource {
  /** What sessions mount. */
  readonly repository: Repository;
  readonly resources: readonly pulumi.Resource[];
  /** What the clone may know, naming the secret and never its value. */
  readonly authority: readonly string[];

  constructor(name: string, args: RepositoryCloneArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:RepositoryClone", name, {}, opts);
    const stem = cloneName(args);
    const labels = { created_by: baseline.createdBy, stack: args.stack, kind: "repository" };
    const volume = new docker.Volume(
      `${name}-volume`,
      { name: stem, driver: "local", labels: dockerLabels(labels) },
      { parent: this, hooks: { beforeCreate: [ownVolumeGuard(this)] } },
    );
    const remote = args.hostPath === undefined;
    const network = remote
      ? [new docker.Network(`${name}-network`, toOpenNetwork(stem, labels), { parent: this, deleteBeforeReplace: true })]
      : [];
    const secret =
      args.credential && new SecretFile(`${name}-secret`, toSecretFile(args, args.credential.password, stem, labels), { parent: this });
    const parent = /^https?:/.test(args.url) ? parentFor(args.parent, new URL(args.url).hostname) : undefined;
    const access = parentAccess(name, { parent, container: stem, image: args.image, labels }, { parent: this });
    const fetch = new docker.Container(`${name}-fetch`, toCloneContainer(args, stem, labels, secret?.mount, access), {
      parent: this,
      dependsOn: [volume, ...network, ...(secret?.resources ?? []), ...access.resources],
      replaceWith: network,
      deleteBeforeReplace: true,
      hooks: { afterCreate: [runOnce(this)] },
    });
    this.repository = { name: args.name, kind: "volume", volume: stem };
    this.resources = [fetch];
    this.authority = cloneAuthority(args);
    this.registerOutputs({ volume: stem });
  }
}

function cloneAuthority({ name, url, credential }: RepositoryCloneArgs): string[] {
  return credential === undefined ? [] : [`repository ${name}: secret ${credential.secretName} to clone ${url}`];
}

function toSecretFile({ image }: RepositoryCloneArgs, content: string, stem: string, labels: Record<string, string>) {
  return { volume: secretStem(stem), carrier: secretStem(stem), target: "/secret", files: { password: content }, image, labels };
}

/** The provider's inputs for the container that clones. */
export function toCloneContainer(
  args: RepositoryCloneArgs,
  stem: string,
  labels: Record<string, string>,
  secret?: Mount,
  access = directAccess,
) {
  const { credential, hostPath, ref = "" } = args;
  const mounted = "/source";
  // The session image's workspace belongs to the agent, and a new volume takes that over.
  const mounts: Mount[] = [{ target: "/workspace", readOnly: false, source: { kind: "volume", name: stem } }];
  if (hostPath !== undefined) mounts.push({ target: mounted, readOnly: true, source: { kind: "bind", path: hostPath } });
  if (secret !== undefined) mounts.push(secret);
  mounts.push(...access.mounts);
  const authority = [...cloneAuthority(args), ...access.authority];
  return toJob({
    name: stem,
    image: args.image,
    program: [...access.program, "/usr/local/bin/repository-fetch"],
    environment: {
      REPOSITORY_REF: ref,
      REPOSITORY_URL: hostPath === undefined ? args.url : `file://${mounted}`,
      ...(credential !== undefined && { REPOSITORY_USERNAME: credential.username }),
      ...access.environment,
    },
    labels: { ...labels, ...authorityLabel(authority) },
    mounts,
    ...(hostPath === undefined && { network: stem }),
  });
}

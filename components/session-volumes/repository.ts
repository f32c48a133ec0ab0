import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { SecretFile } from "../credentials/secret-file.ts";
import { exitedWell, ownVolumeGuard } from "../container-engine/hooks.ts";
import { dockerLabels } from "../labels.ts";
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
  readonly credential?: { readonly username: string; readonly password: string; /** What people call the password: where it was read from. */ readonly secretName: string };
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
    const volume = new docker.Volume(`${name}-volume`, { name: stem, driver: "local", labels: dockerLabels(labels) }, { parent: this, hooks: { beforeCreate: [ownVolumeGuard()] } });
    const remote = args.hostPath === undefined;
    const network = remote ? [new docker.Network(`${name}-network`, toCloneNetwork(stem, labels), { parent: this, deleteBeforeReplace: true })] : [];
    const secret = args.credential && new SecretFile(`${name}-secret`, toSecretFile(args, args.credential.password, stem, labels), { parent: this });
    const fetch = new docker.Container(`${name}-fetch`, toCloneContainer(args, stem, labels, secret?.mount), {
      parent: this,
      dependsOn: [volume, ...network, ...(secret?.resources ?? [])],
      replaceWith: network,
      deleteBeforeReplace: true,
      hooks: { afterCreate: [exitedWell()] },
    });
    this.repository = { name: args.name, kind: "volume", volume: stem };
    this.resources = [fetch];
    this.authority = cloneAuthority(args);
    this.registerOutputs({ volume: stem });
  }
}

/** Named by the URL, so that sessions that name the same one share it. */
export function cloneName(args: Pick<RepositoryCloneArgs, "name" | "url">): string {
  return `agent-repository-${args.name}-${createHash("sha256").update(args.url).digest("hex").slice(0, 8)}`;
}

function cloneAuthority({ name, url, credential }: RepositoryCloneArgs): string[] {
  return credential === undefined ? [] : [`repository ${name}: secret ${credential.secretName} to clone ${url}`];
}

function toCloneNetwork(stem: string, labels: Record<string, string>) {
  return {
    name: stem,
    driver: "bridge",
    internal: false,
    options: { "com.docker.network.bridge.enable_icc": "false", "com.docker.network.bridge.enable_ip_masquerade": "true" },
    labels: dockerLabels(labels),
  };
}

function toSecretFile({ image }: RepositoryCloneArgs, content: string, stem: string, labels: Record<string, string>) {
  return { volume: `${stem}-secret`, carrier: `${stem}-secret`, target: "/secret", file: "password", content, image, labels };
}

/** The provider's inputs for the container that clones. */
export function toCloneContainer(args: RepositoryCloneArgs, stem: string, labels: Record<string, string>, secret?: Mount) {
  const memory = 1024;
  const mounted = "/source";
  return {
    name: stem,
    image: args.image,
    user: `${baseline.user.uid}:${baseline.user.gid}`,
    entrypoints: [...baseline.init, "/usr/local/bin/repository-fetch"],
    workingDir: "/workspace",
    envs: [`REPOSITORY_REF=${args.ref ?? ""}`, `REPOSITORY_URL=${args.hostPath === undefined ? args.url : `file://${mounted}`}`, "SESSION_PIDS_REQUIRED=0", ...(args.credential === undefined ? [] : [`REPOSITORY_USERNAME=${args.credential.username}`])].sort(),
    labels: dockerLabels({ ...labels, pids_limit: "128", ...(args.credential !== undefined && { authority: cloneAuthority(args).join("\n") }) }),
    readOnly: true,
    capabilities: { drops: [...baseline.capabilities.drop] },
    securityOpts: ["no-new-privileges:true"],
    ipcMode: "private",
    memory,
    memorySwap: memory,
    // As the provider reads it back.
    cpus: "1.0",
    mounts: [
      // The session image's workspace belongs to the agent, and a new volume takes that over.
      { type: "volume", source: stem, target: "/workspace", readOnly: false },
      ...(args.hostPath === undefined ? [] : [{ type: "bind", source: args.hostPath, target: mounted, readOnly: true, bindOptions: { propagation: "rprivate" } }]),
      ...(secret?.source.kind === "volume" ? [{ type: "volume", source: secret.source.name, target: secret.target, readOnly: true }] : []),
    ],
    tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=67108864,mode=1777" },
    ...(args.hostPath === undefined ? { networksAdvanced: [{ name: stem }] } : { networkMode: "none" }),
    logDriver: "json-file",
    logOpts: { "max-size": "1m", "max-file": "2" },
    restart: "no",
    // Runs once: creating it waits for its end.
    attach: true,
    mustRun: false,
    rm: false,
  };
}

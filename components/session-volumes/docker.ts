import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { DockerCompanion } from "../container-engine/companion.ts";
import { ownVolumeGuard } from "../container-engine/hooks.ts";
import { dockerLabels, sessionLabels, stackLabels } from "../container-engine/object-labels.ts";
import { type MadePart, part } from "../session-part.ts";
import { containerName, type SessionOwner, volumeName } from "../session.ts";
import { type SessionVolumesArgs, type VolumeKind, volumeKindsOf, volumesPart } from "./args.ts";
import { cloneAuthority, repositoryClone, type RepositoryCloneArgs } from "./clone.ts";

/**
 * The volumes of one session, and everything that it sees of its file system. Volumes outlive the stack: `pulumi destroy`
 * forgets them and leaves the data; clean-up is what removes them.
 */
export class SessionVolumes extends pulumi.ComponentResource {
  readonly part: MadePart;

  /** @throws Error when two mounts claim one target. */
  constructor(name: string, args: SessionVolumesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:SessionVolumes", name, {}, opts);
    const part = volumesPart(args);
    const volumes = volumeKindsOf(args).map((kind) => [kind, toDockerVolume(args, kind)] as const);
    const resources = volumes.map(
      ([kind, inputs]) =>
        new docker.Volume(`${name}-${kind}`, inputs, {
          parent: this,
          // The data is the user's: what is made once is never replaced nor removed with the stack.
          retainOnDelete: true,
          hooks: { beforeCreate: [ownVolumeGuard(this)] },
        }),
    );
    this.part = { ...part, resources };
    this.registerOutputs({ volumes: volumes.map(([, inputs]) => inputs.name) });
  }
}

/** A volume's inputs. Nothing in them depends on a setting that can change, as a change would replace the data. */
export function toDockerVolume(owner: SessionOwner, kind: VolumeKind) {
  return {
    name: volumeName(containerName(owner.sessionId), kind),
    driver: "local",
    labels: dockerLabels({ ...sessionLabels(owner), kind }),
  };
}

/** A repository in a volume that every session that names its URL reads. */
export class RepositoryClone extends DockerCompanion {
  readonly part: MadePart;
  /** What the clone may know, naming the secret and never its value. */
  readonly authority: readonly string[];

  constructor(name: string, args: RepositoryCloneArgs, opts?: pulumi.ComponentResourceOptions) {
    super("RepositoryClone", name, repositoryClone(args), { labels: stackLabels(args), logs: args.logs }, opts);
    this.part = { ...part({}), resources: this.resources };
    this.authority = cloneAuthority(args);
  }
}

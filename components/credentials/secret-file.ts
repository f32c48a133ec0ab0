import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { ownVolumeGuard } from "../container-engine/hooks.ts";
import { dockerLabels } from "../labels.ts";
import { securityOpts } from "../seccomp/docker.ts";
import type { Mount } from "../session-volumes/args.ts";

export interface SecretFileArgs {
  /** The volume's name. One name holds files of the same names for its life, so that nothing of an earlier file stays. */
  readonly volume: string;
  /** The name of the container that carries the files. */
  readonly carrier: string;
  /** Where the volume is mounted: an absolute path, the same in the carrier and in what reads the files. */
  readonly target: string;
  /** What the files hold, by their names. */
  readonly files: Readonly<Record<string, string>>;
  /** An image for the container that carries the files and never starts. */
  readonly image: pulumi.Input<string>;
  /** Of the volume and of the container. */
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * A secret as a file in a volume of its own. It gets there by way of a container that never starts, since the engine writes
 * no file into a container whose root is read-only; a changed secret replaces that container alone.
 */
export class SecretFile extends pulumi.ComponentResource {
  /** What the container that reads the file mounts. */
  readonly mount: Mount;
  /** What must be there before it starts. */
  readonly resources: readonly pulumi.Resource[];

  constructor(name: string, args: SecretFileArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:SecretFile", name, {}, opts);
    const volume = new docker.Volume(
      `${name}-volume`,
      { name: args.volume, driver: "local", labels: dockerLabels(args.labels) },
      { parent: this, hooks: { beforeCreate: [ownVolumeGuard(this)] } },
    );
    const carrier = new docker.Container(`${name}-carrier`, toCarrier(args), {
      parent: this,
      dependsOn: [volume],
      replaceWith: [volume],
      deleteBeforeReplace: true,
    });
    this.mount = { target: args.target, readOnly: true, source: { kind: "volume", name: args.volume } };
    this.resources = [carrier];
    this.registerOutputs({ volume: args.volume });
  }
}

/** The provider's inputs for the container that carries the file. */
export function toCarrier(args: SecretFileArgs) {
  return {
    name: args.carrier,
    image: args.image,
    user: `${baseline.user.uid}:${baseline.user.gid}`,
    labels: dockerLabels(args.labels),
    capabilities: { drops: [...baseline.capabilities.drop] },
    securityOpts: securityOpts(),
    ipcMode: "private",
    networkMode: "none",
    mounts: [{ type: "volume", source: args.volume, target: args.target, readOnly: false }],
    uploads: Object.entries(args.files).map(([file, content]) => ({
      file: `${args.target}/${file}`,
      content: pulumi.secret(content),
      permissions: "0444",
    })),
    logDriver: "json-file",
    restart: "no",
    start: false,
    mustRun: false,
    rm: false,
  };
}

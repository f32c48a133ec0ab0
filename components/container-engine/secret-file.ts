import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import type { Mount } from "../session-part.ts";
import { confined } from "./hardened.ts";
import type { EngineKind } from "./kind.ts";
import { engineOf } from "./provider.ts";
import { type CarriedFiles, type SecretPlace, secretPlace } from "./mounts.ts";
import { dockerLabels } from "./object-labels.ts";
import { ownVolume } from "./own-volume.ts";

interface SecretFileArgs extends SecretPlace {
  /** Where the volume is mounted: an absolute path, the same in the carrier and in what reads the files. */
  readonly target: string;
  readonly files: CarriedFiles;
  /** An image for the container that carries the files and never starts. */
  readonly image: pulumi.Input<string>;
  /** Of the volume and of the container. */
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * A secret or a configuration as files in a volume of its own. It gets there by way of a container that never starts, since the engine writes
 * no file into a container whose root is read-only; a changed one replaces that container alone.
 */
class SecretFile extends pulumi.ComponentResource {
  /** What must be there before what reads the file starts. */
  readonly resources: readonly pulumi.Resource[];

  /** @throws RunError where the provider would leave the volume empty */
  constructor(name: string, args: SecretFileArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:SecretFile", name, {}, opts);
    // The provider uploads to the root, where Podman puts a file beneath the volume that is mounted at its folder.
    if (engineOf(this) === "podman" && underPulumi())
      throw new pulumi.RunError(
        `${args.carrier}: Docker's provider fills no volume on Podman, so ${args.target} would be empty; deploy this stack with the engine built in ("npx sessions up --engine embedded"), or have Docker Engine run it`,
      );
    const volume = ownVolume(`${name}-volume`, args, this);
    const carrier = new docker.Container(`${name}-carrier`, toCarrier(args, engineOf(this)), {
      parent: this,
      dependsOn: [volume],
      replaceWith: [volume],
      deleteBeforeReplace: true,
    });
    this.resources = [carrier];
    this.registerOutputs({ volume: args.volume });
  }
}

/** Whether the Pulumi CLI runs the program, by what it is told of its engine. */
const underPulumi = () => process.env.PULUMI_NODEJS_ENGINE !== undefined;

/** The provider's inputs for the container that carries the file. */
function toCarrier(args: SecretFileArgs, engine: EngineKind) {
  return {
    name: args.carrier,
    image: args.image,
    user: `${baseline.user.uid}:${baseline.user.gid}`,
    labels: dockerLabels(args.labels),
    ...confined(engine),
    networkMode: "none",
    mounts: [{ type: "volume", source: args.volume, target: args.target, readOnly: false }],
    uploads: Object.entries(contentsOf(args.files)).map(([file, content]) => ({
      file: `${args.target}/${file}`,
      content,
      permissions: "0444",
    })),
    logDriver: "json-file",
    restart: "no",
    start: false,
    mustRun: false,
    rm: false,
  };
}

/** What the files hold, by their names; of a configuration a preview shows it. */
function contentsOf(source: CarriedFiles): Readonly<Record<string, pulumi.Input<string>>> {
  if (source.kind === "files") return source.files;
  return Object.fromEntries(Object.entries(source.files.reveal()).map(([file, content]) => [file, pulumi.secret(content)]));
}

/** The files of secrets and configurations among mounts, by the names of these. */
export function secretFiles(
  name: string,
  mounts: readonly Mount[],
  of: { readonly container: string } & Pick<SecretFileArgs, "image" | "labels">,
  opts: pulumi.ComponentResourceOptions,
): ReadonlyMap<string, readonly pulumi.Resource[]> {
  const { container, image, labels } = of;
  return new Map(
    mounts.flatMap(({ source, target }) => {
      if (source.kind !== "secret" && source.kind !== "files") return [];
      const args = { ...secretPlace(source, container), target, files: source, image, labels };
      return [[source.name, new SecretFile(`${name}-${source.name}`, args, opts).resources] as const];
    }),
  );
}

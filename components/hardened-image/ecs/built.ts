import { LifecyclePolicy } from "@pulumi/aws/ecr/lifecyclePolicy.js";
import { Repository } from "@pulumi/aws/ecr/repository.js";
import * as pulumi from "@pulumi/pulumi";
import { planned } from "../../fargate/planned.ts";
import { type Fargate, fargateOf } from "../../fargate/provider.ts";
import { someAccount } from "../../fargate/roles.ts";
import { clusterName, sharedTags } from "../../fargate/tags.ts";
import type { HardenedImageArgs } from "../args.ts";
import { HardenedImage as BuiltImage } from "../docker.ts";
import { awaitScan } from "./scan.ts";

/** How many images of a repository are kept: as many roll-outs back a service can be taken. */
const keptImages = 20;

/** The registry of a place's account. */
const registryOf = (place: Fargate): string =>
  `${someAccount(place)}.dkr.ecr.${place.region}.amazonaws.com${place.region.startsWith("cn-") ? ".cn" : ""}`;

/**
 * An image of this project, built by an engine of this machine's and pushed to a repository of ECR's that is the stack's own: no tag in
 * it can be moved, and each image is scanned. Tasks take it by its digest.
 *
 * It is pushed with the login that the Docker CLI keeps for the registry: a token of ECR's would stand in the state.
 */
export class HardenedImage extends pulumi.ComponentResource {
  readonly reference: pulumi.Output<string>;

  constructor(name: string, args: HardenedImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:ecs:HardenedImage", name, {}, opts);
    const parent = { parent: this };
    const place = fargateOf(this);
    const folder = clusterName({ stack: place.stack.toLowerCase() });
    const repository = new Repository(`${name}-repository`, toRepository(`${folder}/agent-sessions-${args.source}`, place), parent);
    const lifecycle = new LifecyclePolicy(
      `${name}-lifecycle`,
      { repository: repository.name, policy: JSON.stringify(toLifecycle()) },
      parent,
    );
    const registry = registryOf(place);
    const built = new BuiltImage(
      name,
      {
        ...args,
        ...(args.source === "session" && { volumes: true }),
        platform: `linux/${place.architecture}`,
        registry: `${registry}/${folder}`,
      },
      { ...parent, dependsOn: [repository, lifecycle] },
    );
    const scanned = place.scan.required ? built.reference.apply((reference) => awaitScan(reference, place)) : built.reference;
    this.reference = planned(scanned, `${registry}/${folder}/agent-sessions-${args.source}@sha256:${"0".repeat(64)}`);
    this.registerOutputs({ reference: this.reference });
  }
}

function toRepository(name: string, { key }: Fargate) {
  return {
    name,
    imageTagMutability: "IMMUTABLE",
    imageScanningConfiguration: { scanOnPush: true },
    encryptionConfigurations: [key === undefined ? { encryptionType: "AES256" } : { encryptionType: "KMS", kmsKey: key }],
    // They can be built again, and a repository with images in it would not go with its stack.
    forceDelete: true,
    tags: { ...sharedTags("images") },
  };
}

const toLifecycle = () => ({
  rules: [
    {
      rulePriority: 1,
      description: `Keep the last ${keptImages} images`,
      selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: keptImages },
      action: { type: "expire" },
    },
  ],
});

import * as pulumi from "@pulumi/pulumi";
import { fargateOf } from "../fargate/provider.ts";
import type { HardenedImageArgs } from "./args.ts";

/** An image of ECR's that is there already, used as it is. */
export class HardenedImage extends pulumi.ComponentResource {
  readonly reference: string;

  /** @throws Error when the settings name none, which reading them refuses where one is needed */
  constructor(name: string, { source }: Pick<HardenedImageArgs, "source">, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:ecs:HardenedImage", name, {}, opts);
    const reference = fargateOf(this).images?.[source];
    if (reference === undefined) throw new Error(`no image is named for ${source}`);
    this.reference = reference;
    this.registerOutputs({ reference });
  }
}

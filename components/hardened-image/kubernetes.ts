import { Secret } from "@pulumi/kubernetes/core/v1/index.js";
import * as pulumi from "@pulumi/pulumi";
import { stackLabels } from "../cluster/labels.ts";
import { clusterOf } from "../cluster/provider.ts";
import type { SecretReference } from "../session-part.ts";
import type { Owner } from "../session.ts";
import type { HardenedImageArgs } from "./args.ts";

/** The name of the Secret by which nodes pull images. */
export const pullSecretName = "agent-sessions-registry";

/** By which nodes sign in at a registry, as ~/.docker/config.json has it. */
export class PullSecret extends pulumi.ComponentResource {
  constructor(name: string, args: Owner & { readonly login: SecretReference }, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:kubernetes:PullSecret", name, {}, opts);
    const { namespace } = clusterOf(this);
    const metadata = { name: pullSecretName, namespace, labels: { ...stackLabels(args) } };
    const stringData = { ".dockerconfigjson": pulumi.secret(args.login.reveal()) };
    new Secret(`${name}-secret`, { metadata, type: "kubernetes.io/dockerconfigjson", stringData }, { parent: this });
    this.registerOutputs();
  }
}

/** An image that is there already, in a registry or in the nodes' own store, used as it is. What is built is Docker's. */
export class HardenedImage extends pulumi.ComponentResource {
  readonly reference: string;

  /** @throws Error when the cluster's settings name none, which reading them refuses where one is needed */
  constructor(name: string, { source }: Pick<HardenedImageArgs, "source">, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:kubernetes:HardenedImage", name, {}, opts);
    const reference = clusterOf(this).images?.[source];
    if (reference === undefined) throw new Error(`no image is named for ${source}`);
    this.reference = reference;
    this.registerOutputs({ reference });
  }
}

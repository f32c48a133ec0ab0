import { Provider } from "@pulumi/aws/provider.js";
import type * as pulumi from "@pulumi/pulumi";
import type { EgressProxyArgs } from "../egress-proxy/args.ts";
import type { ScanGate } from "../hardened-image/args.ts";
import type { SecretReference } from "../session-part.ts";
import type { Owner } from "../session.ts";
import type { PrivateNetwork } from "./private-network.ts";
import { stackTags } from "./tags.ts";

/** A region of AWS, and how Fargate runs tasks there: what every class on ECS is made with. */
export interface Fargate extends Owner {
  readonly region: string;
  /** The number of the account; in another one nothing is made. @default whichever the credentials are of */
  readonly account?: string;
  /** Of the AWS configuration of this machine. @default what the environment says */
  readonly profile?: string;
  /** @default amd64 */
  readonly architecture: "amd64" | "arm64";
  /** ARN of a KMS key, for images, files, logs and secrets. @default AWS's own keys */
  readonly key?: string;
  /** Images that are there already, by what they are of; see HardenedImage. @default each is built, and pushed to ECR */
  readonly images?: Readonly<Record<string, string | undefined>>;
  /** What is made of the scan of images that are built. */
  readonly scan: ScanGate;
  /** Whether people enter sessions by ECS Exec, for which two folders of their tasks can be written. */
  readonly execute: boolean;
  /** Days that logs are kept. */
  readonly logDays: number;
}

/** What all sessions of a stack share. */
export interface Shared {
  /** The ARN of the ECS cluster. */
  readonly cluster: pulumi.Input<string>;
  /** The file system in which every session has folders of its own. */
  readonly storage: { readonly id: pulumi.Input<string>; readonly arn: pulumi.Input<string> };
  readonly network: PrivateNetwork;
  /** The proxy of all sessions that have an allow list. @default none has one */
  readonly egress?: {
    /** From which the password of each follows. */
    readonly key: SecretReference;
    /** It is made with the first session that uses it. */
    proxy(args: Pick<EgressProxyArgs, "image" | "parent">): { readonly host: string; readonly resources: readonly pulumi.Resource[] };
  };
  /** What must be there before any task runs: mount targets, endpoints. */
  readonly resources: readonly pulumi.Resource[];
}

/** The provider of one account and region. What is made with it knows these, and what sessions share there. */
export class FargateProvider extends Provider {
  readonly place: Fargate;
  #shared: Shared | undefined;

  constructor(name: string, place: Fargate, opts?: pulumi.ResourceOptions) {
    const { region, account, profile } = place;
    const inputs = {
      region,
      ...(account !== undefined && { allowedAccountIds: [account] }),
      ...(profile !== undefined && { profile }),
      defaultTags: { tags: { ...stackTags(place) } },
    };
    super(name, inputs, opts);
    this.place = place;
  }

  /** What sessions share is made with this provider, and so after it. */
  share(shared: Shared): void {
    this.#shared = shared;
  }

  /** @throws Error before {@link share} */
  get shared(): Shared {
    if (this.#shared === undefined) throw new Error("what sessions share has to be made before the first of them");
    return this.#shared;
  }
}

function providerOf(component: pulumi.Resource): FargateProvider {
  const provider = component.getProvider("aws:ecs/service:Service");
  if (provider instanceof FargateProvider) return provider;
  throw new Error("what is made on Fargate needs a FargateProvider as its provider");
}

/** Where a component's objects are. @throws Error when its provider is no {@link FargateProvider} */
export const fargateOf = (component: pulumi.Resource): Fargate => providerOf(component).place;

/** What a component's objects share with others. @throws Error when its provider is no {@link FargateProvider} */
export const sharedOf = (component: pulumi.Resource): Shared => providerOf(component).shared;

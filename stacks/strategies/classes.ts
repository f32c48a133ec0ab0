import type * as pulumi from "@pulumi/pulumi";
import type { AgentSettingsArgs } from "../../components/agent-settings/args.ts";
import type { CredentialsArgs } from "../../components/credentials/args.ts";
import type { EgressProxyArgs } from "../../components/egress-proxy/args.ts";
import type { HardenedImageArgs } from "../../components/hardened-image/args.ts";
import type { GroupNetworkArgs, IsolatedNetworkArgs } from "../../components/isolated-network/args.ts";
import type { DeployedSession, SessionContainerArgs } from "../../components/session-container/args.ts";
import type { MadePart } from "../../components/session-part.ts";
import type { SessionVolumesArgs } from "../../components/session-volumes/args.ts";
import type { RepositoryCloneArgs } from "../../components/session-volumes/clone.ts";

type Options = pulumi.ComponentResourceOptions;

/** Makes one part of a session. */
type PartClass<Args> = new (name: string, args: Args, opts: Options) => { readonly part: MadePart };

/** The classes that make sessions on one kind of platform. What they are given is the same on every one. */
export interface PlatformClasses {
  readonly HardenedImage: new (name: string, args: HardenedImageArgs, opts: Options) => { readonly reference: pulumi.Input<string> };
  /** What it hands on is part of each session that reads the clone; what it may know is its own. */
  readonly RepositoryClone: new (
    name: string,
    args: RepositoryCloneArgs,
    opts: Options,
  ) => { readonly part: MadePart; readonly authority: readonly string[] };
  readonly SessionVolumes: PartClass<SessionVolumesArgs>;
  readonly IsolatedNetwork: PartClass<IsolatedNetworkArgs>;
  /** Part of each session of the group. @default settings refuse groups there */
  readonly GroupNetwork?: PartClass<GroupNetworkArgs>;
  readonly EgressProxy: PartClass<EgressProxyArgs>;
  readonly Credentials: PartClass<CredentialsArgs>;
  readonly AgentSettings: PartClass<AgentSettingsArgs>;
  readonly SessionContainer: new (name: string, args: SessionContainerArgs, opts: Options) => { readonly deployed: DeployedSession };
}

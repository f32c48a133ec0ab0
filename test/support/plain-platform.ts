import * as pulumi from "@pulumi/pulumi";
import { managedPart } from "../../components/agent-settings/args.ts";
import { credentialsPart } from "../../components/credentials/args.ts";
import { egressPart } from "../../components/egress-proxy/part.ts";
import { networkPart } from "../../components/isolated-network/args.ts";
import type { SessionContainerArgs } from "../../components/session-container/args.ts";
import { type MadePart, part, type SessionPart } from "../../components/session-part.ts";
import { volumesPart } from "../../components/session-volumes/args.ts";
import { cloneAuthority, repositoryClone } from "../../components/session-volumes/clone.ts";
import type { PlatformClasses } from "../../stacks/strategies/classes.ts";

/** What a platform of plain objects was asked for. */
export interface Asked {
  readonly images: unknown[];
  readonly clones: unknown[];
  readonly sessions: SessionContainerArgs[];
}

/** A platform that makes nothing: what its classes are given is all that there is. */
export function plainPlatform(): { readonly platform: PlatformClasses; readonly asked: Asked } {
  const asked: Asked = { images: [], clones: [], sessions: [] };
  const making = <Args>(describe: (args: Args) => SessionPart) =>
    class {
      readonly part: MadePart;
      constructor(_: string, args: Args) {
        this.part = { ...describe(args), resources: [] };
      }
    };
  const platform: PlatformClasses = {
    HardenedImage: class {
      readonly reference: string;
      constructor(name: string, args: unknown) {
        asked.images.push(args);
        this.reference = `${name}@sha256:0`;
      }
    },
    RepositoryClone: class {
      readonly part: MadePart = { ...part({}), resources: [] };
      readonly authority: readonly string[];
      constructor(_: string, args: Parameters<typeof repositoryClone>[0]) {
        asked.clones.push(repositoryClone(args));
        this.authority = cloneAuthority(args);
      }
    },
    SessionVolumes: making(volumesPart),
    IsolatedNetwork: making(networkPart),
    EgressProxy: making(egressPart),
    Credentials: making(credentialsPart),
    AgentSettings: making(managedPart),
    SessionContainer: class {
      readonly deployed;
      constructor(_: string, args: SessionContainerArgs) {
        asked.sessions.push(args);
        this.deployed = { container: args.sessionId, containerId: pulumi.output(args.sessionId), network: "", attach: "" };
      }
    },
  };
  return { platform, asked };
}

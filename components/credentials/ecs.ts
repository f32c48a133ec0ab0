import * as pulumi from "@pulumi/pulumi";
import { FargateCompanion } from "../fargate/companion.ts";
import { outwards } from "../fargate/groups.ts";
import { servingTags } from "../fargate/tags.ts";
import { ofUrl } from "../isolated-network/destinations.ts";
import { isJob, isService, type MadePart, type Service } from "../session-part.ts";
import { type CredentialsArgs, credentialsPart, inSessionNetwork } from "./args.ts";
import { byAddress, credentialProxyPort } from "./proxy.ts";

/**
 * What one session signs in with. Its own task keeps and writes secrets; see HardenedTask. A proxy with the key is a task of its own, to
 * which this session alone may connect.
 */
export class Credentials extends pulumi.ComponentResource {
  readonly part: MadePart;

  constructor(name: string, args: CredentialsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:ecs:Credentials", name, {}, opts);
    const given = credentialsPart(inSessionNetwork(args));
    // What a proxy is told to listen on is in the part already.
    const proxies = byAddress(given)
      .companions.filter(isService)
      .map((proxy) => this.#proxy(`${name}-${proxy.kind}`, proxy, args));
    const part = byAddress(given, proxies[0]?.host);
    this.part = {
      ...part,
      companions: part.companions.filter(isJob),
      groups: proxies.map(({ readers }) => readers),
      resources: proxies.flatMap(({ resources }) => resources),
    };
    this.registerOutputs({ authority: part.authority });
  }

  #proxy(name: string, companion: Service, args: CredentialsArgs): FargateCompanion {
    const { sessionId } = args;
    return new FargateCompanion(
      "CredentialProxy",
      name,
      {
        companion,
        of: `${sessionId}-${companion.kind}`,
        what: `The credential proxy of ${sessionId}`,
        tags: servingTags(args, companion.kind),
        port: credentialProxyPort,
        out: args.kind === "proxy" ? outwards("The upstream", ofUrl(args.upstream, args.parent, [])) : {},
      },
      { parent: this },
    );
  }
}

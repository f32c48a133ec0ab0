import * as pulumi from "@pulumi/pulumi";
import { DockerCompanion } from "../container-engine/companion.ts";
import { sessionLabels } from "../container-engine/object-labels.ts";
import type { MadePart } from "../session-part.ts";
import { SwarmCompanion } from "../swarm/companion.ts";
import { type CredentialsArgs, credentialsPart } from "./args.ts";

/**
 * What one session signs in with. A file is a secret of Swarm's, which the session's service has: another secret restarts that session
 * alone. What fetches a credential runs once, as a container of the node on which the session has its volumes.
 */
export class Credentials extends pulumi.ComponentResource {
  readonly part: MadePart;

  constructor(name: string, args: CredentialsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:swarm:Credentials", name, {}, opts);
    const part = credentialsPart(args);
    const of = { labels: sessionLabels(args), logs: args.logs };
    const companions = part.companions.map((companion) =>
      companion.runs === "before"
        ? new DockerCompanion("CredentialFetch", `${name}-${companion.kind}`, companion, of, { parent: this })
        : new SwarmCompanion("CredentialProxy", `${name}-${companion.kind}`, companion, of, { parent: this }),
    );
    this.part = { ...part, resources: companions.flatMap(({ resources }) => resources) };
    this.registerOutputs({ authority: part.authority });
  }
}

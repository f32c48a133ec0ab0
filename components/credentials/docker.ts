import * as pulumi from "@pulumi/pulumi";
import { DockerCompanion } from "../container-engine/companion.ts";
import { sessionLabels } from "../container-engine/object-labels.ts";
import { secretFiles } from "../container-engine/secret-file.ts";
import type { MadePart } from "../session-part.ts";
import { containerName } from "../session.ts";
import { type CredentialsArgs, credentialsPart } from "./args.ts";

/** What the component of a companion is called. */
const types = { before: "CredentialFetch", beside: "CredentialProxy" } as const;

/** What one session signs in with. A changed secret file is read anew by the session, which keeps running. */
export class Credentials extends pulumi.ComponentResource {
  readonly part: MadePart;

  constructor(name: string, args: CredentialsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:Credentials", name, {}, opts);
    const part = credentialsPart(args);
    const labels = sessionLabels(args);
    const of = { container: containerName(args.sessionId), image: args.image, labels: { ...labels, kind: "auth" } };
    const files = secretFiles(name, part.mounts, of, { parent: this });
    const companions = part.companions.map(
      (companion) =>
        new DockerCompanion(types[companion.runs], `${name}-${companion.kind}`, companion, { labels, logs: args.logs }, { parent: this }),
    );
    this.part = { ...part, resources: [...[...files.values()].flat(), ...companions.flatMap(({ resources }) => resources)] };
    this.registerOutputs({ authority: part.authority });
  }
}

import * as pulumi from "@pulumi/pulumi";
import { SecretFile } from "../credentials/secret-file.ts";
import { managedName, sessionLabels } from "../session.ts";
import type { Mount } from "../session-volumes/args.ts";
import { managedFiles, managedFolder, type ManagedSettings } from "./args.ts";

export interface AgentSettingsArgs extends ManagedSettings {
  readonly sessionId: string;
  /** `<project>/<stack>`; becomes a label. */
  readonly stack: string;
  /** An image for the container that only carries the files into the volume and never starts; the session's own. */
  readonly image: pulumi.Input<string>;
}

/** What a session's agent is told by whoever runs it, in files that it cannot change. Changed ones are read by an agent that starts. */
export class AgentSettings extends pulumi.ComponentResource {
  /** What the session container takes. */
  readonly forSession: { readonly mounts: readonly Mount[]; readonly resources: readonly pulumi.Resource[] };

  constructor(name: string, args: AgentSettingsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:AgentSettings", name, {}, opts);
    const { sessionId, stack, image } = args;
    const stem = managedName(sessionId);
    const labels = { ...sessionLabels(sessionId, stack), kind: "managed" };
    const { mount, resources } = new SecretFile(
      `${name}-managed`,
      { volume: stem, carrier: stem, target: managedFolder, files: managedFiles(args), image, labels },
      { parent: this },
    );
    this.forSession = { mounts: [mount], resources };
    this.registerOutputs({ volume: stem });
  }
}

import * as pulumi from "@pulumi/pulumi";
import { sessionLabels } from "../container-engine/object-labels.ts";
import { secretFiles } from "../container-engine/secret-file.ts";
import type { MadePart } from "../session-part.ts";
import { containerName } from "../session.ts";
import { type AgentSettingsArgs, managedPart } from "./args.ts";

/** What a session's agent is told by whoever runs it, in files that it cannot change. Changed ones are read by an agent that starts. */
export class AgentSettings extends pulumi.ComponentResource {
  readonly part: MadePart;

  constructor(name: string, args: AgentSettingsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:AgentSettings", name, {}, opts);
    const part = managedPart(args);
    const of = { container: containerName(args.sessionId), image: args.image, labels: { ...sessionLabels(args), kind: "managed" } };
    this.part = { ...part, resources: [...secretFiles(name, part.mounts, of, { parent: this }).values()].flat() };
    this.registerOutputs();
  }
}

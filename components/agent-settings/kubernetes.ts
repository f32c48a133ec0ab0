import * as pulumi from "@pulumi/pulumi";
import { sessionLabels } from "../cluster/labels.ts";
import { secretsOf } from "../cluster/secret.ts";
import type { MadePart } from "../session-part.ts";
import { containerName } from "../session.ts";
import { type AgentSettingsArgs, managedPart } from "./args.ts";

/** What a session's agent is told by whoever runs it, in files that it cannot change. Changed ones are read by an agent that starts. */
export class AgentSettings extends pulumi.ComponentResource {
  readonly part: MadePart;

  constructor(name: string, args: AgentSettingsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:kubernetes:AgentSettings", name, {}, opts);
    const part = managedPart(args);
    const reader = { of: containerName(args.sessionId), labels: sessionLabels(args, "managed") };
    this.part = { ...part, resources: [...secretsOf(name, part.mounts, reader, { parent: this }).values()] };
    this.registerOutputs();
  }
}

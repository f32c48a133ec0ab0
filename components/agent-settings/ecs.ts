import * as pulumi from "@pulumi/pulumi";
import type { MadePart } from "../session-part.ts";
import { type AgentSettingsArgs, managedPart } from "./args.ts";

/**
 * What a session's agent is told by whoever runs it, in files that it cannot change. The session's task keeps and writes them, as it
 * does secrets: changed ones are another task.
 */
export class AgentSettings extends pulumi.ComponentResource {
  readonly part: MadePart;

  constructor(name: string, args: AgentSettingsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:ecs:AgentSettings", name, {}, opts);
    this.part = { ...managedPart(args), resources: [] };
    this.registerOutputs();
  }
}

import * as pulumi from "@pulumi/pulumi";
import type { MadePart } from "../session-part.ts";
import { type AgentSettingsArgs, managedPart } from "./args.ts";

/** What a session's agent is told by whoever runs it. The session's service has it as files that it cannot change; changed ones restart the session. */
export class AgentSettings extends pulumi.ComponentResource {
  readonly part: MadePart;

  constructor(name: string, args: AgentSettingsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:swarm:AgentSettings", name, {}, opts);
    this.part = { ...managedPart(args), resources: [] };
    this.registerOutputs();
  }
}

import type * as pulumi from "@pulumi/pulumi";
import { part, SecretReference, type SessionPart } from "../session-part.ts";
import type { SessionOwner } from "../session.ts";

/** Where Claude Code looks for what whoever runs the machine says, and no session may change. */
export const managedFolder = "/etc/claude-code";

/** What a session's agent is told by whoever runs it. */
export interface ManagedSettings {
  /** Claude Code's managed settings, as JSON text. @default none */
  readonly settings?: string;
  /** Its managed instructions. @default none */
  readonly instructions?: string;
}

export interface AgentSettingsArgs extends SessionOwner, ManagedSettings {
  /** An image for what only carries the files to where they are read; the session's own. */
  readonly image: pulumi.Input<string>;
}

/** Whether there is anything to bring. */
export const isManaged = ({ settings, instructions }: ManagedSettings): boolean => settings !== undefined || instructions !== undefined;

/** The files by the names that Claude Code knows. Both are always written, so that nothing of an earlier one stays. */
export function managedPart({ settings = "{}", instructions = "" }: ManagedSettings): SessionPart {
  const files = new SecretReference("agent", () => ({ "managed-settings.json": `${settings}\n`, "CLAUDE.md": instructions }));
  return part({ mounts: [{ target: managedFolder, readOnly: true, source: { kind: "secret", name: "managed", files } }] });
}

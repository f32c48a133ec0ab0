import { type Name, named } from "../names.ts";
import { containerName } from "../session-container/args.ts";
import type { Mount } from "../session-volumes/args.ts";

/** Where Claude Code looks for what whoever runs the machine says, and no session may change. */
export const managedFolder = "/etc/claude-code";

/** What a session's agent is told by whoever runs it. */
export interface ManagedSettings {
  /** Claude Code's managed settings, as JSON text. @default none */
  readonly settings?: string;
  /** Its managed instructions. @default none */
  readonly instructions?: string;
}

/** The name of the volume, and of the container that brings the files there. */
export const managedName = (sessionId: string): string => `${containerName(sessionId)}-managed`;

/** Whether there is anything to bring. */
export const isManaged = ({ settings, instructions }: ManagedSettings): boolean => settings !== undefined || instructions !== undefined;

/** The names that it takes on the engine. */
export const managedNames = (sessionId: string): Name[] => named(managedName(sessionId), "volume", "container");

/** What the session mounts. */
export function managedMount(sessionId: string): Mount {
  return { target: managedFolder, readOnly: true, source: { kind: "volume", name: managedName(sessionId) } };
}

/** The files by the names that Claude Code knows. Both are always written, so that nothing of an earlier one stays. */
export function managedFiles({ settings = "{}", instructions = "" }: ManagedSettings): Record<string, string> {
  return { "managed-settings.json": `${settings}\n`, "CLAUDE.md": instructions };
}

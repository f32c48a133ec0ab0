import { managedName } from "../session.ts";
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

/** Whether there is anything to bring. */
export const isManaged = ({ settings, instructions }: ManagedSettings): boolean => settings !== undefined || instructions !== undefined;

/** What the session mounts. */
export function managedMount(sessionId: string): Mount {
  return { target: managedFolder, readOnly: true, source: { kind: "volume", name: managedName(sessionId) } };
}

/** The files by the names that Claude Code knows. Both are always written, so that nothing of an earlier one stays. */
export function managedFiles({ settings = "{}", instructions = "" }: ManagedSettings): Record<string, string> {
  return { "managed-settings.json": `${settings}\n`, "CLAUDE.md": instructions };
}

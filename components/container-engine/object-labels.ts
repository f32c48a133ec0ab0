import { baseline } from "../../policy/baseline.ts";
import type { Owner, SessionOwner } from "../session.ts";

/** The labels by which the embedded engine's own objects are its state. */
export const labelNames = {
  deployment: "agent-sessions.deployment",
  /** The URN. */
  resource: "agent-sessions.resource",
  /** The inputs it was made from, packed. */
  inputs: "agent-sessions.inputs",
  /** Its data is kept when the resource leaves the program. */
  retain: "agent-sessions.retain",
} as const;

/** A label as the Docker provider takes it. */
interface DockerLabel {
  readonly label: string;
  readonly value: string;
}

/** Labels as the Docker provider takes them, in a stable order. */
export function dockerLabels(labels: Readonly<Record<string, string>>): DockerLabel[] {
  return Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => ({ label, value }));
}

/**
 * A stack as its objects' label `stack` has it. Project and stack stand in one label, since a volume's labels can never change
 * without the loss of its data.
 */
export const stackLabel = ({ project, stack }: Owner): string => `${project}/${stack}`;

/** The labels of everything that is made for a stack. None of them changes in the object's life. */
export const stackLabels = (owner: Owner) => ({ created_by: baseline.createdBy, stack: stackLabel(owner) });

/** The labels of everything that is made for a session. */
export const sessionLabels = (owner: SessionOwner) => ({ session_id: owner.sessionId, ...stackLabels(owner) });

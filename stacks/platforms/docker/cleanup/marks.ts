import { labelNames, stackLabels } from "../../../../components/container-engine/object-labels.ts";
import { serviceName } from "../../../../components/session.ts";
import type { Identity } from "../../../identity.ts";

/** What clean-up itself puts on the engine: objects without anything in them, told by their label `kind`. */
export const marks = {
  /** A volume whose labels say what became of the last run. */
  lastRun: "cleanup",
  /** A volume that says which policy has begun to remove a session, until all is done. */
  begun: "cleanup-begun",
  /** A container that never starts, by which a volume is read. */
  reader: "cleanup-reader",
} as const;

/** Whether a label `kind` is one of clean-up's own. */
export const isMark = (kind: string | undefined): boolean => Object.values<string | undefined>(marks).includes(kind);

/** The name of the volume that tells of the last run, and the beginning of the others' names. */
export const cleanupName = (identity: Identity): string => serviceName(identity, marks.lastRun);

/** The labels of a mark. With the deployment's own, whatever takes the stack down takes it too. */
export function markLabels(identity: Identity, kind: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { ...stackLabels(identity), [labelNames.deployment]: identity.deployment, kind, ...more };
}

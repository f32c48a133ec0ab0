/** What the labels of a Docker object say about the session that it belongs to. */

import type { Subject } from "./subject.ts";
import { label } from "./value.ts";

/** The session that an object belongs to. */
export function sessionOf(subject: Subject): string | undefined {
  return label(subject.props.labels, "session_id");
}

export function labelOf(subject: Subject, key: string): string | undefined {
  return label(subject.props.labels, key);
}

/** Marks the one network that a session shares with its proxy. */
export const sharedWithProxy = "session-egress";

/** Marks the network that a declared group of sessions shares; its label `group` names the group. */
export const sharedByGroup = "session-group";

/** What the labels of a Docker object say about the session that it belongs to. */

import { baseline } from "../../baseline.ts";
import { advice, type Found } from "../rule.ts";
import type { Subject } from "./subject.ts";
import { label } from "./value.ts";
import type { Workload } from "./workload.ts";

/** Whether a network is one for sessions: that of one of them, or of a group. */
export const isForSessions = (network: Subject): boolean => sessionOf(network) !== undefined || labelOf(network, "group") !== undefined;

/** The session that an object belongs to. */
export function sessionOf(subject: Subject): string | undefined {
  return label(subject.props.labels, "session_id");
}

/** Whether a container is a session itself, and nothing that serves it or puts its files in place. */
export const isSession = ({ subject }: Workload): boolean => sessionOf(subject) !== undefined && labelOf(subject, "kind") === undefined;

/** Whether a Docker object is this project's: rules that presume its labels and folders have nothing to say about others. */
export function isOurs(subject: Subject): boolean {
  if (!/^docker:(Container|Network|Volume)$/.test(subject.kind)) return false;
  const { labels } = subject.props;
  return (
    label(labels, "session_id") !== undefined || label(labels, "group") !== undefined || label(labels, "created_by") === baseline.createdBy
  );
}

/** Whether anything in a stack is known to be this project's: in a stranger's, an unknown label is none of a session. */
export function holdsSessions(subjects: readonly Subject[]): boolean {
  return subjects.some((subject) => {
    try {
      return isOurs(subject);
    } catch {
      return false;
    }
  });
}

/**
 * A sentence that follows from where a session has its folders: a violation for a session, nothing on somebody else's Docker,
 * and advice where no label tells sessions from others.
 */
export function* presumed({ platform, subject }: Workload, message: string): Iterable<Found> {
  if (platform === "docker" && isOurs(subject)) yield message;
  else if (platform !== "docker") yield advice(message);
}

export function labelOf(subject: Subject, key: string): string | undefined {
  return label(subject.props.labels, key);
}

/** Marks the one network that a session shares with its proxy. */
export const sharedWithProxy = "session-egress";

/** Marks the network that a declared group of sessions shares; its label `group` names the group. */
export const sharedByGroup = "session-group";

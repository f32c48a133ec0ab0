import { labelOf, sessionOf } from "./read/session.ts";
import type { Rule } from "./rule.ts";

export const ownerLabels: Rule = {
  id: "VOL-001",
  name: "owner-labels",
  title: "Labels that clean-up needs are missing",
  severity: "low",
  frameworks: [],
  remediation: "Add the labels created_by and, to what belongs to a session, session_id.",
  reads: "labels",
  kinds: ["docker:Container", "docker:Network", "docker:Volume"],
  *resource(subject) {
    // What belongs to no session is nobody's to clean up.
    if (sessionOf(subject) === undefined || labelOf(subject, "created_by") !== undefined) return;
    yield `The ${subject.kind.slice("docker:".length).toLowerCase()} "${subject.name}" must have the label created_by.`;
  },
};

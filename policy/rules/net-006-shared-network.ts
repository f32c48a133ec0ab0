import { dockerObjects, networksOf } from "./read/network.ts";
import { labelOf, sessionOf } from "./read/session.ts";
import type { Subject } from "./read/subject.ts";
import { flag, text } from "./read/value.ts";
import { about, owasp, type Rule } from "./rule.ts";

/** Whether a network's labels, or a container's, say that the container belongs in it. */
function belongs(container: Subject, network: Subject): boolean {
  const session = sessionOf(network);
  if (
    session !== undefined &&
    (sessionOf(container) === session || (labelOf(container, "serves") ?? "").split(",").includes(session))
  )
    return true;
  const group = labelOf(network, "group");
  return group !== undefined && labelOf(container, "group") === group;
}

export const sharedNetwork: Rule = {
  id: "NET-006",
  name: "shared-network",
  title: "Sessions share a network",
  severity: "medium",
  frameworks: [owasp("5")],
  remediation:
    "Give each session a network of its own; what else joins it carries the session's id in its labels (session_id, serves), or the group's (group).",
  reads: "attachable, networksAdvanced, labels",
  kinds: ["docker:Network"],
  *resource(network) {
    if (flag(network.props.attachable) === true)
      yield `The network "${network.name}" must not be attachable: any container could join it.`;
  },
  *stack(subjects) {
    const containers = dockerObjects(subjects, "docker:Container");
    for (const network of dockerObjects(subjects, "docker:Network")) {
      if (sessionOf(network) === undefined && labelOf(network, "group") === undefined) continue;
      const name = text(network.props.name) ?? network.name;
      for (const container of containers) {
        if (![...networksOf(container)].includes(name) || belongs(container, network)) continue;
        yield about(
          container,
          `The container "${container.name}" must not join the network "${network.name}", which belongs to others.`,
        );
      }
    }
    yield* withoutOwner(subjects, containers);
  },
};

/** A network that nobody labelled, and that two sessions join all the same. */
function* withoutOwner(subjects: readonly Subject[], containers: readonly Subject[]) {
  const owned = new Set(
    dockerObjects(subjects, "docker:Network")
      .filter((network) => sessionOf(network) !== undefined || labelOf(network, "group") !== undefined)
      .map((network) => text(network.props.name) ?? network.name),
  );
  const sessionsIn = new Map<string, Set<string>>();
  for (const container of containers) {
    const session = sessionOf(container);
    if (session === undefined) continue;
    for (const name of networksOf(container)) {
      const sessions = sessionsIn.get(name) ?? new Set();
      sessionsIn.set(name, sessions.add(session));
      if (sessions.size > 1 && !owned.has(name))
        yield about(
          container,
          `The container "${container.name}" must not share the network ${name} with another session.`,
        );
    }
  }
}

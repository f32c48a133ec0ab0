import { dockerObjects, networksOf } from "./read/network.ts";
import { holdsSessions, isForSessions, isOurs, labelOf, sessionOf } from "./read/session.ts";
import type { Subject } from "./read/subject.ts";
import { each, flag, text } from "./read/value.ts";
import { about, advice, owasp, type Rule } from "./rule.ts";

/** Whether a network's labels, or a container's, say that the container belongs in it. */
function belongs(container: Subject, network: Subject): boolean {
  const session = sessionOf(network);
  // A session's own proxy is there too: others of its group would have its allow list.
  if (session !== undefined) return sessionOf(container) === session || (labelOf(container, "serves") ?? "").split(",").includes(session);
  return labelOf(container, "group") === labelOf(network, "group");
}

export const sharedNetwork: Rule = {
  id: "NET-006",
  name: "shared-network",
  title: "Sessions share a network",
  severity: "medium",
  also: ["low"],
  frameworks: [owasp("5")],
  remediation:
    "Give each session a network of its own, which what else joins it names in its labels (session_id, serves). Sessions that are to talk share a further one, whose label group they carry.",
  reads: "attachable, networksAdvanced, labels",
  kinds: ["docker:Network"],
  *resource(network) {
    if (flag(network.props.attachable) !== true) return;
    const message = `The network "${network.name}" must not be attachable: any container could join it.`;
    yield isOurs(network) ? message : advice(message);
  },
  *stack(subjects) {
    if (!holdsSessions(subjects)) return;
    const networks = new Map<string, Subject>();
    for (const network of dockerObjects(subjects, "docker:Network")) networks.set(text(network.props.name) ?? network.name, network);
    /** The first session seen on each network that nobody labelled. */
    const firstIn = new Map<string, string>();
    yield* each(dockerObjects(subjects, "docker:Container"), function* (container) {
      for (const name of networksOf(container)) {
        const network = networks.get(name);
        if (network && isForSessions(network)) {
          if (!belongs(container, network))
            yield about(
              container,
              `The container "${container.name}" must not join the network "${network.name}", which belongs to others.`,
            );
          continue;
        }
        const session = sessionOf(container);
        if (session === undefined) continue;
        const first = firstIn.get(name) ?? session;
        firstIn.set(name, first);
        if (first !== session)
          yield about(container, `The container "${container.name}" must not share the network ${name} with another session.`);
      }
    });
  },
};

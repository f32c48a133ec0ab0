import { labelOf, sessionOf, sharedByGroup, sharedWithProxy } from "./session.ts";
import type { Subject } from "./subject.ts";
import { flag, knownEntries, record, records, text, texts } from "./value.ts";
import type { Workload } from "./workload.ts";

/** A driver option of a Docker network. */
export function option(network: Subject, key: string): string | undefined {
  return text(record(network.props.options)[key]);
}

export function isBridge(network: Subject): boolean {
  return (text(network.props.driver) ?? "bridge") === "bridge";
}

export function isInternal(network: Subject): boolean {
  return flag(network.props.internal) === true;
}

/** Whether the host has no address on a bridge, so that its services cannot be reached from there. */
export function hidesHost(network: Subject): boolean {
  return option(network, "com.docker.network.bridge.inhibit_ipv4") === "true";
}

/** A network that the labels give to one session with its proxy, or to the members of one group. */
export function isShared(network: Subject): boolean {
  const purpose = labelOf(network, "purpose");
  return (
    (purpose === sharedWithProxy && sessionOf(network) !== undefined) ||
    (purpose === sharedByGroup && labelOf(network, "group") !== undefined)
  );
}

/** Names of the networks that a Docker container joins. */
export function* networksOf(container: Subject): Iterable<string> {
  for (const joined of records(container.props.networksAdvanced)) yield text(joined.name) ?? "";
}

/** Names of the networks that a Docker container or a service joins. */
export function* joinedNetworks({ platform, spec }: Workload): Iterable<string> {
  const task = platform === "swarm" ? record(spec.taskSpec) : {};
  for (const joined of records(platform === "swarm" ? task.networksAdvanceds : spec.networksAdvanced)) {
    yield text(joined.name) ?? "";
    // One that is not known yet is that of a network which is to be made, so none of the engine's own.
    for (const [key, id] of knownEntries(joined)) if (key === "id") yield text(id) ?? "";
  }
  // The older spelling, without options.
  yield* texts(platform === "swarm" ? task.networks : undefined);
}

/** The Docker networks and containers of a stack. */
export function dockerObjects(subjects: readonly Subject[], kind: "docker:Network" | "docker:Container"): Subject[] {
  return subjects.filter((subject) => subject.kind === kind);
}

import { type Props, record, texts } from "./value.ts";
import { type Container, securityContext } from "./workload.ts";

/** A capability as the kernel names it, without its prefix: engines take any case, with or without `CAP_`. */
export function capability(spelling: string): string {
  return spelling.trim().toUpperCase().replace(/^CAP_/, "");
}

/** What a container adds. An added capability beats a dropped `ALL`. */
export function* addedCapabilities(container: Container): Iterable<string> {
  const { platform, spec } = container;
  const added = platform === "docker" ? record(spec.capabilities).adds : platform === "swarm" ? spec.capAdds : declared(container).add;
  for (const spelling of texts(added)) yield capability(spelling);
}

/** What a container drops, as written: Kubernetes' own checks are case-sensitive here. */
export function droppedCapabilities(container: Container): Iterable<string> {
  const { platform, spec } = container;
  return texts(platform === "docker" ? record(spec.capabilities).drops : platform === "swarm" ? spec.capDrops : declared(container).drop);
}

/** The `{ add, drop }` of a task's or a pod's container. */
function declared(container: Container): Props {
  const owner = container.platform === "ecs" ? container.spec.linuxParameters : securityContext(container);
  return record(record(owner).capabilities);
}

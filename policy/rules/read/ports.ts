import { isUnspecified } from "./cidr.ts";
import { number, record, records, text } from "./value.ts";
import type { Workload } from "./workload.ts";

/** A port that a workload offers outside itself. */
export interface PublishedPort {
  readonly title: string;
  /** Port in the container. */
  readonly internal: number | undefined;
  /** Port on the host; absent when the engine chooses one or none is taken. */
  readonly external: number | undefined;
  /** Address of the host on which it listens; absent is every one. */
  readonly address: string | undefined;
}

/** Ports that are published on the host. */
export function* publishedPorts(workload: Workload): Iterable<PublishedPort> {
  const { platform, spec, title } = workload;
  if (platform === "docker")
    for (const port of records(spec.ports))
      yield { title, internal: number(port.internal), external: number(port.external), address: text(port.ip) };
  if (platform === "swarm")
    for (const port of records(record(spec.endpointSpec).ports))
      yield { title, internal: number(port.targetPort), external: number(port.publishedPort), address: undefined };
}

/** Whether a port listens on every interface of the host. */
export function onEveryInterface({ address }: PublishedPort): boolean {
  return address === undefined || isUnspecified(address);
}

import type { Service, Task, TaskDefinition } from "@aws-sdk/client-ecs";
import { tagNames } from "../../../components/fargate/tags.ts";
import type { IsolationLevel } from "../../../components/isolated-network/args.ts";
import { taskAttachCommand } from "../../../components/session-container/attach.ts";
import type { Description } from "../runtime.ts";
import { containerIn, nameIn, sessionContainer, tagOf } from "./objects.ts";
import type { Group } from "./security-groups.ts";

/** What is asked once for all sessions. */
export interface Surrounding {
  /** The security groups of the region that this user may see, by their ids. */
  readonly groups: ReadonlyMap<string, Group>;
}

/** What a session is found to be. */
export interface Found {
  readonly service: Service;
  readonly definition: TaskDefinition;
  /** Nothing where none runs. */
  readonly task?: Task | undefined;
}

const MiB = 1024 ** 2;

export function describe({ service, definition, task }: Found, { groups }: Surrounding): Description {
  const container = containerIn(definition, sessionContainer);
  const own = service.networkConfiguration?.awsvpcConfiguration?.securityGroups ?? [];
  return {
    container: task === undefined ? (service.serviceName ?? "") : nameIn(task.taskArn),
    network: own.toSorted().join(", "),
    isolation: isolationBy(own.flatMap((id) => groups.get(id) ?? [])),
    memory: Number(container?.memory ?? definition.memory ?? 0) * MiB,
    cpu: Number(definition.cpu ?? 0) / 1024,
    // Fargate has no such limit.
    processes: 0,
    disk: Number(container?.environment?.find(({ name }) => name === "SESSION_DISK_LIMIT")?.value ?? 0),
    attach: taskAttachCommand(
      tagOf(service, tagNames.session) ?? "",
      tagOf(service, tagNames.stack) ?? "",
      service.enableExecuteCommand === true,
    ),
    created: (service.createdAt ?? new Date(0)).toISOString(),
  };
}

/** How far the security groups of a session cut it off, by what they say. */
export function isolationBy(groups: readonly Group[]): IsolationLevel {
  if (groups.length === 0) return "shared";
  const leads = groups.flatMap(({ egress }) => egress);
  if (leads.some(({ kind }) => kind === undefined)) return "isolated";
  return leads.some(({ kind }) => kind === "egress-proxy") ? "egress-filtered" : "sealed";
}

import type { EngineClient } from "../../components/container-engine/connect.ts";
import { containerName } from "../../components/session.ts";
import { overlapRefusal, placeOf } from "../../components/session-volumes/overlap.ts";
import { baseline } from "../../policy/baseline.ts";
import { labelNames, stackLabel } from "../../components/container-engine/object-labels.ts";
import type { HostPath } from "../settings/host-paths.ts";
import { type Settings, SettingsError } from "../settings.ts";
import type { StackIdentity } from "./strategy.ts";

type Container = Awaited<ReturnType<EngineClient["listContainers"]>>[number];

/**
 * Compares the folders of a deployment with those that containers of other stacks and checkouts have mounted: a session of
 * theirs that may write where one of ours is mounted from can lead it elsewhere, and the other way round. An engine that does not
 * answer has nothing to compare with.
 *
 * @throws SettingsError with what overlaps
 */
export async function refuseSharedFolders(docker: EngineClient, { hostPaths, sessions }: Settings, stack: StackIdentity): Promise<void> {
  if (stack.deployment === undefined || hostPaths.length === 0) return;
  const label = [`created_by=${baseline.createdBy}`];
  const containers = await docker.listContainers({ all: true, filters: { label } }).catch(() => []);
  // A container of a session's own name is taken over, or its name refused.
  const own = new Set(sessions.map(({ id }) => `/${containerName(id)}`));
  const others = containers.filter(({ Names, Labels }) => !isOf(stack, Labels) && !Names.some((name) => own.has(name)));
  const mistakes = others.flatMap((other) =>
    other.Mounts.flatMap(({ Type, Source, RW }) =>
      Type === "bind" ? hostPaths.flatMap((path) => between(path, { source: Source, writable: RW, owner: ownerOf(other) })) : [],
    ),
  );
  if (mistakes.length > 0) throw new SettingsError([...new Set(mistakes)]);
}

/** Whether a container with these labels is the stack's own. */
export function isOf(stack: StackIdentity, labels: Readonly<Record<string, string>>): boolean {
  return labels.stack === stackLabel(stack) && (labels[labelNames.deployment] ?? stack.deployment) === stack.deployment;
}

function ownerOf({ Names, Labels }: Container): string {
  const container = (Names[0] ?? "").slice(1);
  return `${Labels.session_id === undefined ? "container" : `session "${Labels.session_id}", container`} ${container} of stack ${Labels.stack}`;
}

function between(path: HostPath, other: { readonly source: string; readonly writable: boolean; readonly owner: string }): string[] {
  const theirs = { place: placeOf(other.source), links: [] };
  const refused = other.writable ? overlapRefusal(path, theirs.place, other.owner) : undefined;
  if (refused !== undefined) return [`${path.named} ${refused}.`];
  const endangered = path.writable ? overlapRefusal(theirs, path.place, `session "${path.session}"`) : undefined;
  return endangered === undefined
    ? []
    : [`${path.named} is to be writable, and ${other.source}, which is mounted into ${other.owner}, ${endangered}.`];
}

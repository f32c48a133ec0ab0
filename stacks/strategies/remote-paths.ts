import type { EngineClient } from "../../components/container-engine/connect.ts";
import type { FoundEngine } from "../../components/container-engine/find.ts";
import { type EngineMachine, isOwn } from "../../components/container-engine/here.ts";
import { type Settings, SettingsError } from "../settings.ts";

/**
 * An engine that is reached over a network mounts folders of its own machine, and the settings' folders were looked at on this one.
 * One that does not answer has nothing that could be mounted.
 *
 * @throws SettingsError for each folder of this machine that a session on another one is to see
 */
export async function refuseRemotePaths(
  { sessions }: Pick<Settings, "sessions">,
  docker: EngineClient,
  { address }: FoundEngine,
): Promise<void> {
  const folders = sessions.flatMap(foldersOf);
  if (folders.length === 0 || address.startsWith("unix://")) return;
  const machine = await (docker.info() as Promise<EngineMachine>).catch(() => undefined);
  if (machine === undefined || isOwn(machine)) return;
  const rest = `is a folder of this machine, and ${address} mounts those of ${machine.Name}`;
  const wayOut = "name a repository by url, or plan on that machine";
  throw new SettingsError(folders.map(({ id, what, path }) => `session "${id}", ${what}: "${path}" ${rest}; ${wayOut}.`));
}

/** The folders of this machine that a session sees. */
function foldersOf({ id, repositories, workspace, binds, credentials }: Settings["sessions"][number]) {
  const folder = (what: string, path: string) => ({ id, what, path });
  return [
    ...repositories.flatMap((one) => {
      if (one.kind === "path") return [folder(`repository "${one.name}"`, one.path)];
      return one.url.startsWith("file://") ? [folder(`repository "${one.name}"`, one.url)] : [];
    }),
    ...(workspace.kind === "host" ? [folder("workspace", workspace.path)] : []),
    ...binds.map(({ source }) => folder("mounts", source)),
    ...(credentials.kind === "hostMount" ? [folder("credentials", credentials.path)] : []),
  ];
}

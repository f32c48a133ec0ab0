import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { fromHome, realOf } from "../../components/session-volumes/host-path.ts";
import { identityOf, overlapRefusal, type Place, placeOf, relation, wayTo } from "../../components/session-volumes/overlap.ts";
import { type Machine, programPath } from "../egress-sets/machine.ts";
import { type CredentialsSetting, hostMountPath, type SecretSource } from "./credentials.ts";
import type { Layered } from "./layers.ts";
import { keyName } from "./keys.ts";
import type { RepositorySetting } from "./repository.ts";
import { shown } from "./sentences.ts";

/** A path of this machine that a session sees, or that something is read from for the sessions. */
export interface HostPath {
  /** The key and the value that name it, as sentences begin. */
  readonly named: string;
  readonly place: Place;
  /** The links by which it is reached. */
  readonly links: readonly Place[];
  /** What it was when it was judged; see {@link identityOf}. */
  readonly identity?: string;
  /** The session that it is for; none for what is read for all. */
  readonly session?: string;
  readonly writable: boolean;
}

/** The program's own folder, whose files run as whoever deploys. */
const program = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Reads a path as it is now.
 *
 * @param path absolute; it need not be there
 */
export function hostPath(path: string, rest: Pick<HostPath, "named" | "session" | "writable">): HostPath {
  const identity = identityOf(path);
  const { end, links } = wayTo(path);
  return { ...rest, place: placeOf(end), links: links.map(placeOf), ...(identity !== undefined && { identity }) };
}

/** What the paths were when they were judged, by path. */
export function identitiesOf(paths: readonly HostPath[]): ReadonlyMap<string, string> {
  return new Map(paths.flatMap(({ place, identity }) => (identity === undefined ? [] : [[place.path, identity] as const])));
}

/** The paths of a session besides those that its repositories, workspace and mounts name. */
export function furtherPaths(
  { setting, where }: Layered,
  machine: Machine,
  {
    debug,
    credentials,
    repositories,
  }: { readonly debug: boolean; readonly credentials: CredentialsSetting; readonly repositories: readonly RepositorySetting[] },
): HostPath[] {
  const { root } = machine;
  const files = [
    ...(["taskFile", "settings", "instructions"] as const).map((key) => [["agent", key], setting.agent?.[key]] as const),
    [["security", "seccompProfile"], setting.security?.seccompProfile] as const,
  ];
  const folder = hostMountPath(setting.credentials);
  const of = (path: string, named: string) => hostPath(path, { named, session: setting.id, writable: false });
  const named = (path: readonly PropertyKey[], value: string) => `${keyName(path)}: ${shown(value)}`;
  return [
    ...(debug ? [of(resolve(root, "src"), "local.debug: true mounts ./src, which")] : []),
    ...files.flatMap(([key, file]) => (file === undefined ? [] : [of(fromHome(file, root), named(where(...key), file))])),
    ...(credentials.kind === "hostMount" ? [of(fromHome(folder, root), named(where("credentials", "path"), folder))] : []),
    ...("secret" in credentials && credentials.secret !== undefined ? secretPaths(credentials.secret, machine) : []),
    ...repositories.flatMap((repository) =>
      repository.kind === "url" && repository.credential !== undefined ? secretPaths(repository.credential.secret, machine) : [],
    ),
  ];
}

/** The paths that reading a secret takes. */
export function secretPaths(source: SecretSource, machine: Machine): HostPath[] {
  const read = (path: string, what: string) => hostPath(path, { named: `${source.key}: ${what}`, writable: false });
  if (source.from === "file") return [read(source.path, `file ${source.path}`)];
  if (source.from !== "command") return [];
  const [program = "", ...words] = source.words;
  const found = program.includes("/") ? resolve(program) : programPath(machine, program);
  return [
    ...(found === undefined ? [] : [read(found, `command ${program}`)]),
    // What follows the program may be secret. A path may follow an option in its word.
    ...words
      .filter((word) => word.includes("/"))
      .map((word) => read(resolve(word.replace(/^-[^/]*=/, "")), `a path of command ${program}`)),
  ];
}

/** What is wrong with paths beside each other, one sentence for each two. */
export function overlapping(paths: readonly HostPath[]): string[] {
  return paths.flatMap((folder, index) =>
    folder.writable ? [...ownProgram(folder), ...paths.flatMap((path, other) => between(path, folder, other > index))] : [],
  );
}

function ownProgram({ named, place }: HostPath): string[] {
  const found = relation(place, placeOf(realOf(program)));
  return found === undefined
    ? []
    : [`${named} ${found} the folder of this program, which whoever writes there could change; name a folder outside of it.`];
}

/** @param later whether the path stands behind the folder in the settings */
function between(path: HostPath, folder: HostPath, later: boolean): string[] {
  if (path === folder) return [];
  const found = relation(path.place, folder.place);
  // Two that may be written are one mistake: the inner one is named, or the later of two that are the same.
  if (path.writable && (found === "holds" || (found === "is" && !later))) return [];
  const refusal = overlapRefusal(path, folder.place, `session "${folder.session}"`);
  return refusal === undefined ? [] : [`${path.named} ${refusal}.`];
}

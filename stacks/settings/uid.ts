import { isOwnUid, ownUid, uidOf } from "../../components/session-container/user.ts";
import { baseline } from "../../policy/baseline.ts";
import type { Layered } from "./layers.ts";
import { sentence } from "./sentences.ts";
import type { Session } from "./session.ts";

const { first, last } = baseline.ownUids;

/**
 * The uid that a setting asks for.
 *
 * @param usual of a session that asks for none
 * @returns nothing for the shared one
 */
export function resolveUid({ setting }: Layered, usual: "own" | "shared"): { uid?: number } {
  const asked = setting.uid ?? usual;
  return asked === "shared" ? {} : { uid: asked === "own" ? ownUid(setting.id) : asked };
}

type Folders = Pick<Session, "repositories" | "workspace" | "credentials" | "binds">;

/** The folders of this machine that a session sees, whose files are for uid 1000. */
export function hostFolders({ repositories, workspace, credentials, binds }: Folders): string[] {
  return [
    ...repositories.flatMap((repository) => (repository.kind === "path" ? [repository.path] : [])),
    ...(workspace.kind === "host" ? [workspace.path] : []),
    ...(credentials.kind === "hostMount" ? [credentials.path] : []),
    ...binds.map(({ source }) => source),
  ];
}

/** The uids that sessions have each for itself. */
export class OwnUids {
  readonly #taken = new Map<number, string>();

  /** Takes a session's uid. @returns what is wrong with it, if anything is */
  take({ setting, where }: Layered, session: Session): string | undefined {
    const wanted = uidOf(session);
    if (!isOwnUid(wanted)) return undefined;
    const [folder] = hostFolders(session);
    if (folder !== undefined)
      return sentence(
        where("uid"),
        setting.uid,
        `does not fit session "${session.id}", which sees ${folder} of this machine, where files are for uid ${baseline.user.uid}; write uid: shared for it, or give it volumes and repositories by url`,
      );
    const other = this.#taken.get(wanted);
    this.#taken.set(wanted, other ?? session.id);
    return other === undefined
      ? undefined
      : sentence(
          where("uid"),
          setting.uid ?? "own",
          `gives session "${session.id}" uid ${wanted}, which session "${other}" has; write a number for one of them, such as ${freeUid(wanted, this.#taken)}`,
        );
  }
}

/** The next uid of the range, from one on, that nobody has. */
export function freeUid(from: number, taken: { has(uid: number): boolean }): number {
  let free = from;
  while (taken.has(free)) free = free === last ? first : free + 1;
  return free;
}

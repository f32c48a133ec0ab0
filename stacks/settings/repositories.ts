import type { SessionSetting } from "../schema.ts";
import { sourceOf } from "./credentials.ts";
import type { JudgePath } from "./folders.ts";
import type { Judgement } from "./judgement.ts";
import { keyName } from "./keys.ts";
import type { Layered } from "./layers.ts";
import type { RepositoryCredential, RepositorySetting } from "./repository.ts";
import { sentence } from "./sentences.ts";
import type { Session } from "./session.ts";

/** @param judge takes the paths of this machine */
export function resolveRepositories(
  { setting, where }: Layered,
  { machine, sound, mistakes }: Judgement,
  judge: JudgePath,
): RepositorySetting[] {
  return (setting.repositories ?? []).flatMap((repository, index): RepositorySetting[] => {
    const path = ["repositories", index];
    if ((repository.path === undefined) === (repository.url === undefined)) {
      if (sound(...where(...path))) mistakes.push(sentence(where(...path), repository.name, "needs a path or a url, and not both"));
      return [];
    }
    for (const key of ["secret", "username"] as const) {
      if (repository[key] === undefined) continue;
      if (key === "username" && repository.secret === undefined)
        mistakes.push(sentence(where(...path, key), repository[key], "needs a secret beside it; add one or remove it"));
      else if (!repository.url?.startsWith("https://"))
        mistakes.push(
          sentence(
            where(...path, key),
            repository[key],
            "goes to an https:// URL alone, where nobody reads it on the way; write such a URL or remove it",
          ),
        );
    }
    if (repository.path !== undefined) {
      if (repository.ref !== undefined)
        mistakes.push(sentence(where(...path, "ref"), repository.ref, "belongs to a url; a path is taken as it is"));
      return [{ name: repository.name, kind: "path", path: judge([...path, "path"], repository.path) }];
    }
    const url = repository.url ?? "";
    const folder = url.startsWith("file://") ? decodeURIComponent(url.slice("file://".length)) : undefined;
    const hostPath = folder === undefined ? undefined : judge([...path, "url"], folder);
    return [
      {
        name: repository.name,
        kind: "url",
        url,
        ...(repository.ref !== undefined && { ref: repository.ref }),
        ...(hostPath !== undefined && { hostPath }),
        ...credentialOf(repository, machine.root, keyName(where(...path, "secret"))),
      },
    ];
  });
}

function credentialOf(
  { secret, username = "x-access-token" }: NonNullable<SessionSetting["repositories"]>[number],
  root: string,
  key: string,
): { credential?: RepositoryCredential } {
  return secret === undefined ? {} : { credential: { username, secret: sourceOf(secret, root, key) } };
}

/** The clones that sessions share, each by its name and URL. */
export class SharedClones {
  readonly #taken = new Map<string, { readonly ref: string; readonly secret: string; readonly session: string }>();

  /** Takes those of a session. @returns what does not fit with another session's, one sentence each */
  take({ id, repositories }: Session, index: number): string[] {
    return repositories.flatMap((repository) => {
      if (repository.kind === "path") return [];
      const clone = `${repository.name} ${repository.url}`;
      const { ref = "its default branch" } = repository;
      const secret = JSON.stringify(repository.credential, (key, value: unknown) => (key === "key" ? undefined : value)) ?? "";
      const other = this.#taken.get(clone);
      this.#taken.set(clone, other ?? { ref, secret, session: id });
      if (other === undefined) return [];
      const named = `sessions[${index}].repositories: "${repository.name}"`;
      return [
        ...(other.ref === ref
          ? []
          : [
              `${named} is taken at ${ref} here and at ${other.ref} by session "${other.session}", and they share one clone; name one ref, or give one of them another name.`,
            ]),
        ...(other.secret === secret
          ? []
          : [
              `${named} signs in otherwise here than for session "${other.session}", and they share one clone; name one secret and username, or give one of them another name.`,
            ]),
      ];
    });
  }
}

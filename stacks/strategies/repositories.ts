import { repositoryRefusal } from "../settings/git-repository.ts";
import { type Settings, SettingsError } from "../settings.ts";

/** @throws SettingsError for each folder of this machine that a session could not clone: it would wait for it and never start */
export function refuseRepositories({ sessions }: Pick<Settings, "sessions">): void {
  const refused = sessions.flatMap(({ id, repositories }) =>
    repositories.flatMap((repository) => {
      const why = repository.kind === "path" ? repositoryRefusal(repository.path) : undefined;
      return why === undefined ? [] : [`session "${id}", repository "${repository.name}": ${why}.`];
    }),
  );
  if (refused.length > 0) throw new SettingsError(refused);
}

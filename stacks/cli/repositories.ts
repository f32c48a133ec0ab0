import type { StackSource } from "../configuration.ts";
import { settingsOf, type RepositorySetting } from "../settings.ts";
import { noSession } from "./sessions.ts";

/** A session's repositories as the stack file lists them. @throws Error when the session or the repository is not there */
export function repositoriesOf(source: StackSource, id: string, only?: string): readonly RepositorySetting[] {
  const { sessions } = settingsOf(source);
  const session = sessions.find((entry) => entry.id === id);
  if (session === undefined)
    throw new Error(
      noSession(
        [id],
        "the stack file",
        sessions.map((entry) => entry.id),
      ),
    );
  const found = session.repositories.filter(({ name }) => only === undefined || name === only);
  if (found.length > 0) return found;
  const known = session.repositories.map(({ name }) => name).join(", ");
  throw new Error(known === "" ? `session "${id}" has no repository` : `session "${id}" has no repository "${only}"; there is: ${known}`);
}

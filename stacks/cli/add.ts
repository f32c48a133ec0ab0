import { type Command, InvalidArgumentError, Option } from "commander";
import type { Document } from "yaml";
import { ownUid, uidOf } from "../../components/session-container/user.ts";
import { fromConfig } from "../configuration.ts";
import { parse, type Session } from "../settings.ts";
import { freeUid, hostFolders } from "../settings/uid.ts";
import { root, stackOption } from "./stack.ts";
import { addSession, configOf, openDocument, save } from "./stack-document.ts";

interface Options {
  readonly stack: string;
  readonly repository?: readonly Repository[];
  readonly egress?: string;
  readonly allow?: readonly Allowed[];
}

type Allowed = string | { readonly set: string };

interface Repository {
  readonly name: string;
  readonly path?: string;
  readonly url?: string;
}

export function register(program: Command): void {
  program
    .command("add")
    .description("Add a session to the stack file; comments stay. The next up starts it and leaves the others as they are.")
    .argument("<id>", "the new session's id")
    .addOption(stackOption())
    .option(
      "-r, --repository <name=path-or-url>",
      "a repository of the session; may be given again (paths start at the project's root)",
      repository,
    )
    .addOption(new Option("--egress <mode>", "where the session may connect to").choices(["none", "open"]).conflicts("allow"))
    .option("--allow <host>", "a host that the session may reach, or set:<name> for a named set; may be given again", allowed)
    .addHelpText("after", "\nExample:\n  sessions add review --repository code=/srv/code --allow set:anthropic\n")
    .action(run);
}

function run(id: string, options: Options): void {
  const opened = openDocument(options.stack);
  const { document } = opened;
  const egress = options.allow === undefined ? options.egress : { allow: options.allow };
  const entry = {
    id,
    ...(options.repository !== undefined && { repositories: options.repository }),
    ...(egress !== undefined && { network: { egress } }),
  };
  // Judged as a whole before it is written, and once more with a uid.
  const judge = (judged: Document) => parse(fromConfig(configOf(judged, options.stack)), { root }).sessions;
  const tried = document.clone();
  addSession(tried, entry);
  addSession(document, { ...entry, ...uidFor(judge(tried)) });
  judge(document);
  save(opened);
  console.log(`Added session ${id} to stacks/Pulumi.${options.stack}.yaml; "sessions up" starts it.`);
}

/** A uid of its own for the last of the sessions, where it sees no folder of this machine and the defaults give it none. */
function uidFor(sessions: readonly Session[]): { uid?: "own" | number } {
  const session = sessions.at(-1);
  if (session === undefined || session.uid !== undefined || hostFolders(session).length > 0) return {};
  const own = ownUid(session.id);
  const free = freeUid(own, new Set(sessions.map(uidOf)));
  return { uid: free === own ? "own" : free };
}

function repository(text: string, before: readonly Repository[] = []): readonly Repository[] {
  const [name = "", where = ""] = text.split(/=(.*)/s);
  if (where === "") throw new InvalidArgumentError("It names no place; write name=/path or name=https://host/path.");
  return [...before, /^[a-z]+:\/\//.test(where) ? { name, url: where } : { name, path: where }];
}

function allowed(text: string, before: readonly Allowed[] = []): readonly Allowed[] {
  return [...before, text.startsWith("set:") ? { set: text.slice("set:".length) } : text];
}

import { basename, relative } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Document } from "yaml";
import { ownUid, uidOf } from "../../components/session-container/user.ts";
import { fromConfig } from "../configuration.ts";
import { longestText } from "../settings/agent.ts";
import { NotTaken, readRegular } from "../settings/regular-file.ts";
import { parse, type Session } from "../settings.ts";
import { freeUid, hostFolders } from "../settings/uid.ts";
import { path, root } from "./stack.ts";
import { addSession, changeDocument, configOf, idsIn } from "./stack-document.ts";

/** What the command line says of a new session. */
export interface EntryOptions {
  readonly repository?: readonly Repository[];
  readonly keyEnv?: string;
  readonly keyFile?: string;
  readonly upstream?: string;
  readonly egress?: string;
  readonly allow?: readonly Allowed[];
}

/** Keys of a session's `agent`. */
export type Task = { readonly task: string } | { readonly taskFile: string };

type Allowed = string | { readonly set: string };

interface Repository {
  readonly name: string;
  readonly path?: string;
  readonly url?: string;
  readonly ref?: string;
}

/** The options that describe a new session. */
export function entryOptions(command: Command): Command {
  return command
    .option(
      "-r, --repository <path-or-url>",
      "a repository of the session, as [name=]PATH or [name=]URL[#ref]; may be given again",
      repository,
    )
    .addOption(
      new Option("--key-env <name>", "the variable that holds the agent's API key; a proxy uses it, and no session sees it").conflicts(
        "keyFile",
      ),
    )
    .addOption(new Option("--key-file <file>", "the file that holds it").argParser(path))
    .option("--upstream <url>", "where the key goes, such as a gateway; the provider's own API when left out")
    .addOption(new Option("--egress <mode>", "where the session may connect to").choices(["none", "open"]).conflicts("allow"))
    .option("--allow <host>", "a host that the session may reach, or set:<name> for a named set; may be given again", allowed);
}

/**
 * Puts a session into the stack file, which is judged as a whole before it is written.
 *
 * @param choose the session's id, given those that are there
 * @param task what its agent does without a person
 * @returns its id
 * @throws SettingsError with all mistakes at once
 */
export async function addEntry(
  stack: string,
  choose: (taken: readonly string[]) => string,
  options: EntryOptions,
  task?: Task,
): Promise<string> {
  const { repository: repositories, upstream } = options;
  const egress = options.allow === undefined ? options.egress : { allow: options.allow };
  const secret =
    options.keyEnv !== undefined ? { env: options.keyEnv } : options.keyFile !== undefined ? { file: options.keyFile } : undefined;
  if (upstream !== undefined && secret === undefined)
    throw new Error("--upstream is where a key goes; name one with --key-env or --key-file");
  const described = {
    ...(repositories !== undefined && { repositories }),
    ...(secret !== undefined && { credentials: { kind: "proxy", secret, ...(upstream !== undefined && { upstream }) } }),
    ...(egress !== undefined && { network: { egress } }),
    ...(task !== undefined && { agent: task }),
  };
  const judge = (judged: Document) => parse(fromConfig(configOf(judged, stack)), { root }).sessions;
  let id = "";
  await changeDocument(stack, (document) => {
    id = choose(idsIn(document));
    const entry = { id, ...described };
    // Once more with a uid.
    const tried = document.clone();
    addSession(tried, entry);
    addSession(document, { ...entry, ...uidFor(judge(tried)) });
    judge(document);
    return true;
  });
  return id;
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
  const [, given, where = ""] = /^(?:([^=/:]*)=)?(.*)$/s.exec(text) ?? [];
  if (where === "") throw new InvalidArgumentError("It names no place; write PATH, URL or NAME=PATH.");
  if (!/^[a-z]+:\/\//.test(where)) {
    // As git reads it: a path of this machine has a slash before its first colon.
    if (/^[^/]+:/.test(where))
      throw new InvalidArgumentError(
        `${where} is not a URL that git can clone; write https://, git://, ssh://${where.replace(/^([^/:]+):\/*/, "$1/")} or file://, or a path as ./PATH.`,
      );
    const folder = path(where);
    return [...before, { name: given ?? nameOf(folder), path: inProject(folder) }];
  }
  const [url = "", ref] = where.split(/#(.*)/s);
  return [...before, { name: given ?? nameOf(url), url, ...(ref !== undefined && { ref }) }];
}

/** As the stack file writes it: from the project's root where it lies there. */
function inProject(folder: string): string {
  const inside = relative(root, folder);
  return inside === "" ? "." : inside.startsWith("..") ? folder : inside;
}

/** A name from a path's or URL's last part. */
function nameOf(where: string): string {
  const name = basename(where)
    .replace(/\.git$/, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  if (name === "") throw new InvalidArgumentError(`No name can be made of it; write NAME=${where}.`);
  return name.slice(0, 40);
}

function allowed(text: string, before: readonly Allowed[] = []): readonly Allowed[] {
  return [...before, text.startsWith("set:") ? { set: text.slice("set:".length) } : text];
}

/** Reads a task: the text itself, or with @ before it a file that holds it. */
export function task(text: string): Task {
  if (text.trim() === "" || text === "@") throw new InvalidArgumentError("It says nothing; write the task, or @FILE.");
  if (!text.startsWith("@")) return { task: text };
  const file = path(text.slice(1));
  try {
    readRegular(file, longestText);
  } catch (error) {
    const rest = error instanceof NotTaken ? error.message : `cannot be read (${(error as NodeJS.ErrnoException).code})`;
    throw new InvalidArgumentError(`${file} ${rest}.`);
  }
  return { taskFile: inProject(file) };
}

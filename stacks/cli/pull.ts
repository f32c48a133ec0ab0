import { createWriteStream, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import type { Command } from "commander";
import type { StackSource } from "../configuration.ts";
import type { RepositorySetting } from "../settings.ts";
import { afterwards } from "./afterwards.ts";
import { outputOf, runIn } from "./exec.ts";
import { plain } from "../printable.ts";
import { bring, type Brought } from "./pull/bring.ts";
import { cleanGit } from "./pull/clean-git.ts";
import { findTarget, refuseWritable } from "./pull/target.ts";
import { repositoriesOf } from "./repositories.ts";
import { liveSession } from "./sessions.ts";
import { sizeOption } from "./size-option.ts";
import { loadStack, openRuntime, path as pathOption, stackOption, typed } from "./stack.ts";
import { beginning, capped } from "../streams.ts";
import { pulledRef, type Unpulled, unpulledIn, unpulledText } from "./unpulled.ts";
import type { CommandPlace, SessionRuntime, WritableFolder } from "../runtime/runtime.ts";

/** More commits than this are counted, not listed. */
const shownCommits = 20;

/** Bytes that a session may send unless told otherwise. */
const mostSent = 1024 ** 3;

export interface PullOptions {
  readonly repository?: string;
  readonly into?: string;
  readonly force?: boolean;
  /** Bytes. @default 1 GB */
  readonly maxSize?: number;
  /** What is in no commit is committed first. */
  readonly commit?: boolean;
}

interface Options extends PullOptions {
  readonly stack: string;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command("pull")
    .description(
      "Bring what a session committed out: its branch session/<id> appears in the repository it was cloned from. Nothing is checked out.",
    )
    .argument("<id>", "the session")
    .addOption(stackOption())
    .option("-r, --repository <name>", "only this repository")
    .option("--into <folder>", "a git repository to bring it to; needed for one that was cloned from a URL", pathOption)
    .option("--force", "replace the branch although it holds commits that the session's does not")
    .addOption(
      sizeOption(
        "the most that a session may send, its branch with all history; the temporary folder needs room for twice as much",
        mostSent,
      ),
    )
    .option("--commit", "commit what the session has not committed first, as it is, and bring it too")
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  npx sessions pull demo && git log session/demo\n")
    .action(run);
}

async function run(id: string, options: Options): Promise<void> {
  const source = loadStack(options.stack);
  const results = await pullSession(await openRuntime(source), source, id, options);
  console.log(options.json ? JSON.stringify(results, null, 2) : pulledText(id, results, source.stack));
}

/** What came of one repository. */
export interface Pulled extends Brought {
  readonly repository: string;
  readonly into: string;
  readonly branch: string;
  /** What is left in the session and in no commit; nothing where nothing is. */
  readonly left?: Pick<Unpulled, "files" | "names">;
}

/** Brings a session's commits out of it, whether it runs or not. */
export async function pullSession(runtime: SessionRuntime, source: StackSource, id: string, options: PullOptions): Promise<Pulled[]> {
  const repositories = repositoriesOf(source, id, options.repository);
  if (options.into !== undefined && repositories.length > 1)
    throw new Error(
      `--into takes one repository, and session "${id}" has ${repositories.map(({ name }) => name).join(", ")}; name one with --repository`,
    );
  const writable = await runtime.writableFolders();
  return (await liveSession(runtime, source, id)).inWorkspace(async (place) => {
    const results: Pulled[] = [];
    for (const repository of repositories) {
      const { name } = repository;
      const into = targetOf(repository, options.into);
      const branch = `session/${id}`;
      if (options.commit) await commit(place, id, name);
      const brought = await pull(place, name, branch, into, writable, options);
      const [left] = await unpulledIn(place, name);
      results.push({
        repository: name,
        into,
        branch,
        ...brought,
        ...(left !== undefined && left.files > 0 && { left: { files: left.files, names: left.names } }),
      });
    }
    return results;
  });
}

/** What was pulled, as people read it. */
export function pulledText(id: string, results: readonly Pulled[], stack: string): string {
  return results
    .flatMap(({ repository, into, branch, count, commits, head, left }) => [
      count === 0 ? `${repository}: nothing new on ${branch} (${head})` : `${repository}: ${count} new on ${branch} in ${into} (${head})`,
      ...commits.slice(0, shownCommits).map((commit) => `  ${commit.id} ${commit.subject}`),
      ...(count > shownCommits ? [`  and ${count - shownCommits} more`] : []),
      ...(left === undefined
        ? []
        : [
            `${unpulledText({ ...left, repository, commits: 0, stashes: 0 })}; "${typed(`pull ${id} --commit`, stack)}" takes what is there now`,
          ]),
    ])
    .join("\n");
}

/** Commits what is in no commit yet, in the agent's name and without the repository's hooks. */
const commitLine = `
cd "/workspace/$1" && [[ -n $(git status --porcelain) ]] || exit 0
[[ $(git symbolic-ref --quiet HEAD) == "refs/heads/session/$2" ]] || exit 3
git config user.email >/dev/null || identity=(-c "user.name=agent $2" -c "user.email=agent-$2@localhost")
git add --all && git "\${identity[@]}" commit --quiet --no-verify --message="Uncommitted work of session $2"
`;

async function commit(place: CommandPlace, id: string, name: string): Promise<void> {
  const { code } = await outputOf(place, ["bash", "-c", commitLine, "commit", name, id]);
  if (code === 3)
    throw new Error(`${name}: the session has another branch than session/${id} checked out, so its files are not taken to that one`);
  if (code !== 0) throw new Error(`${name}: the session could not commit its files (see above)`);
}

function targetOf(repository: RepositorySetting, into: string | undefined): string {
  const target = into === undefined ? (repository.kind === "path" ? repository.path : repository.hostPath) : into;
  if (target === undefined)
    throw new Error(
      `${repository.name} was cloned from a URL; name a git repository of this machine to bring the work to with --into FOLDER`,
    );
  if (!existsSync(target)) throw new Error(`--into: ${target} is not there; make it with: git init ${target}`);
  return target;
}

function pull(
  place: CommandPlace,
  name: string,
  branch: string,
  path: string,
  writable: readonly WritableFolder[],
  { force = false, maxSize = mostSent }: PullOptions,
): Promise<Brought> {
  const folder = mkdtempSync(join(tmpdir(), "agent-sessions-pull-"));
  return afterwards(
    () => rmSync(folder, { recursive: true, force: true }),
    async () => {
      const git = cleanGit(folder);
      const target = findTarget(git, path);
      refuseWritable(target, writable);
      const bundle = join(folder, "bundle");
      await receiveBundle(place, `/workspace/${name}`, `refs/heads/${branch}`, bundle, maxSize);
      const brought = bring(git, bundle, target, branch, force, folder);
      await outputOf(place, ["git", "-C", `/workspace/${name}`, "update-ref", pulledRef(branch), brought.head]);
      return brought;
    },
  );
}

/** In the session, so that its process ends there too once too much has come. */
const bundleLine = 'set -o pipefail; git -C "$1" bundle create --quiet - "$2" | head --bytes="$3"';

async function receiveBundle(place: CommandPlace, folder: string, ref: string, file: string, most: number): Promise<void> {
  const output = capped(
    createWriteStream(file),
    most,
    (limit) =>
      `the session sends more than ${limit}, which is the most that is taken; look at what it committed, and allow more with --max-size SIZE`,
  );
  const errors = beginning();
  const code = await runIn(place, ["bash", "-c", bundleLine, "pull", folder, ref, String(most + 1)], {
    tty: false,
    stdin: false,
    output,
    errors,
  });
  output.end();
  await finished(output);
  if (code !== 0) throw new Error(`the session could not bundle its work: ${plain(errors.text()).trim()}`);
}

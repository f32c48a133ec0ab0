import { createWriteStream, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { finished } from "node:stream/promises";
import type { Command } from "commander";
import type Docker from "dockerode";
import { baseline } from "../../policy/baseline.ts";
import type { RepositorySetting } from "../settings.ts";
import { withCleanup } from "./cleanup.ts";
import { runIn } from "./exec.ts";
import { plain } from "./printable.ts";
import { bring, type Brought } from "./pull/bring.ts";
import { cleanGit } from "./pull/clean-git.ts";
import { findTarget, refuseWritable, type WritableFolder } from "./pull/target.ts";
import { repositoriesOf } from "./repositories.ts";
import { runningSession } from "./sessions.ts";
import { sizeOption } from "./size-option.ts";
import { loadStack, openEngine, stackOption } from "./stack.ts";
import { beginning, capped } from "./streams.ts";

/** More commits than this are counted, not listed. */
const shownCommits = 20;

/** Bytes that a session may send unless told otherwise. */
const mostSent = 1024 ** 3;

interface Options {
  readonly stack: string;
  readonly repository?: string;
  readonly into?: string;
  readonly force?: boolean;
  /** Bytes. */
  readonly maxSize: number;
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
    .option("--into <folder>", "a git repository to bring it to; needed for one that was cloned from a URL")
    .option("--force", "replace the branch although it holds commits that the session's does not")
    .addOption(
      sizeOption(
        "the most that a session may send, its branch with all history; the temporary folder needs room for twice as much",
        mostSent,
      ),
    )
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  sessions pull demo && git log session/demo\n")
    .action(run);
}

async function run(id: string, options: Options): Promise<void> {
  const source = loadStack(options.stack);
  const docker = await openEngine(source);
  const container = await runningSession(docker, source, id);
  const repositories = repositoriesOf(source, id, options.repository);
  if (options.into !== undefined && repositories.length > 1)
    throw new Error(
      `--into takes one repository, and session "${id}" has ${repositories.map(({ name }) => name).join(", ")}; name one with --repository`,
    );
  const writable = await writableFolders(docker);
  const results = [];
  for (const repository of repositories) {
    const target = targetOf(repository, options.into);
    results.push({
      repository: repository.name,
      into: target,
      branch: `session/${id}`,
      ...(await pull(container, repository.name, id, target, writable, options)),
    });
  }
  if (options.json) {
    console.log(JSON.stringify(results, null, 2));
    return;
  }
  for (const { repository, into, branch, count, commits, head } of results) {
    console.log(
      count === 0 ? `${repository}: nothing new on ${branch} (${head})` : `${repository}: ${count} new on ${branch} in ${into} (${head})`,
    );
    for (const commit of commits.slice(0, shownCommits)) console.log(`  ${commit.id} ${commit.subject}`);
    if (count > shownCommits) console.log(`  and ${count - shownCommits} more`);
  }
}

function targetOf(repository: RepositorySetting, into: string | undefined): string {
  const target = into === undefined ? (repository.kind === "path" ? repository.path : repository.hostPath) : resolve(into);
  if (target === undefined)
    throw new Error(
      `${repository.name} was cloned from a URL; name a git repository of this machine to bring the work to with --into FOLDER`,
    );
  if (!existsSync(target)) throw new Error(`--into: ${target} is not there; make it with: git init ${target}`);
  return target;
}

/** What the sessions of all stacks on the engine may write of this machine, those that do not run too. */
async function writableFolders(docker: Docker): Promise<WritableFolder[]> {
  const containers = await docker.listContainers({ all: true, filters: { label: [`created_by=${baseline.createdBy}`, "session_id"] } });
  return containers.flatMap(({ Labels, Mounts }) =>
    Mounts.flatMap(({ RW, Source = "" }) => (RW && Source !== "" ? [{ session: Labels.session_id ?? "", path: Source }] : [])),
  );
}

function pull(
  container: Docker.Container,
  name: string,
  id: string,
  path: string,
  writable: readonly WritableFolder[],
  { force = false, maxSize }: Options,
): Promise<Brought> {
  const branch = `session/${id}`;
  const folder = mkdtempSync(join(tmpdir(), "agent-sessions-pull-"));
  return withCleanup(
    () => rmSync(folder, { recursive: true, force: true }),
    async () => {
      const git = cleanGit(folder);
      const target = findTarget(git, path);
      refuseWritable(target, writable);
      const bundle = join(folder, "bundle");
      await receiveBundle(container, `/workspace/${name}`, `refs/heads/${branch}`, bundle, maxSize);
      return bring(git, bundle, target, branch, force, folder);
    },
  );
}

/** In the session, so that its process ends there too once too much has come. */
const bundleLine = 'set -o pipefail; git -C "$1" bundle create --quiet - "$2" | head --bytes="$3"';

async function receiveBundle(container: Docker.Container, folder: string, ref: string, file: string, most: number): Promise<void> {
  const output = capped(
    createWriteStream(file),
    most,
    (limit) =>
      `the session sends more than ${limit}, which is the most that is taken; look at what it committed, and allow more with --max-size SIZE`,
  );
  const errors = beginning();
  const code = await runIn(container, ["bash", "-c", bundleLine, "pull", folder, ref, String(most + 1)], {
    tty: false,
    stdin: false,
    output,
    errors,
  });
  output.end();
  await finished(output);
  if (code !== 0) throw new Error(`the session could not bundle its work: ${plain(errors.text()).trim()}`);
}

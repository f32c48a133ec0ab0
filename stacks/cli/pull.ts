import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { createWriteStream, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PassThrough } from "node:stream";
import { finished } from "node:stream/promises";
import type { Command } from "commander";
import type Docker from "dockerode";
import type { RepositorySetting } from "../settings.ts";
import { runIn } from "./exec.ts";
import { plain } from "./printable.ts";
import { repositoriesOf } from "./repositories.ts";
import { runningSession } from "./sessions.ts";
import { loadStack, openEngine, stackOption } from "./stack.ts";

/** More commits than this are counted, not listed. */
const shownCommits = 20;

interface Options {
  readonly stack: string;
  readonly repository?: string;
  readonly into?: string;
  readonly force?: boolean;
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
  const results = [];
  for (const repository of repositories) {
    const target = targetOf(repository, options.into);
    results.push({
      repository: repository.name,
      into: target,
      branch: `session/${id}`,
      ...(await pull(container, repository.name, id, target, options.force === true)),
    });
  }
  if (options.json) {
    console.log(JSON.stringify(results, null, 2));
    return;
  }
  for (const { repository, into, branch, commits, head } of results) {
    console.log(
      commits.length === 0
        ? `${repository}: nothing new on ${branch} (${head})`
        : `${repository}: ${commits.length} new on ${branch} in ${into} (${head})`,
    );
    for (const commit of commits.slice(0, shownCommits)) console.log(`  ${commit.id} ${commit.subject}`);
    if (commits.length > shownCommits) console.log(`  and ${commits.length - shownCommits} more`);
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

/** A commit that came. */
interface Commit {
  readonly id: string;
  readonly subject: string;
}

/**
 * Brings one branch into a repository. What the session sends is not trusted: its objects are checked, no hook runs, and
 * only the one branch is taken. Git before 2.46 checks no objects that come from a bundle, so the bundle is unpacked in a
 * repository of its own first, and fetched from there.
 */
async function pull(
  container: Docker.Container,
  name: string,
  id: string,
  target: string,
  force: boolean,
): Promise<{ commits: Commit[]; head: string }> {
  const branch = `refs/heads/session/${id}`;
  const folder = mkdtempSync(join(tmpdir(), "agent-sessions-pull-"));
  try {
    const [bundle, quarantine] = [join(folder, "bundle"), join(folder, "quarantine")];
    await receiveBundle(container, ["git", "-C", `/workspace/${name}`, "bundle", "create", "--quiet", "-", branch], bundle);
    must(git(folder, "init", "--quiet", "--bare", "--template=", quarantine), "git could not make a temporary repository");
    must(git(quarantine, "fetch", "--quiet", "--no-tags", bundle, `${branch}:${branch}`), "git could not read what the session sent");
    const before = git(target, "rev-parse", "--quiet", "--verify", branch);
    const fetched = git(
      target,
      "-c",
      "transfer.fsckObjects=true",
      "-c",
      "fetch.fsckObjects=true",
      "-c",
      "core.hooksPath=/dev/null",
      "fetch",
      "--no-tags",
      "--no-recurse-submodules",
      "--no-auto-maintenance",
      "--no-write-fetch-head",
      quarantine,
      `${force ? "+" : ""}${branch}:${branch}`,
    );
    if (fetched.status !== 0 && fetched.stderr.includes("non-fast-forward"))
      throw new Error(`${target} has commits on session/${id} that the session has not; --force replaces them`);
    must(fetched, `git could not take the session's work into ${target}`);
    // The first time, all that no other branch has is new.
    const known = before.status === 0 ? [before.stdout.trim()] : [`--exclude=${branch}`, "--all"];
    const log = must(
      git(target, "log", "--no-show-signature", "--format=%h %s", branch, "--not", ...known),
      `git could not list the commits in ${target}`,
    );
    const commits = log
      .split("\n")
      .filter(Boolean)
      .map((line) => ({ id: line.split(" ", 1)[0] ?? "", subject: plain(line.slice(line.indexOf(" ") + 1)) }));
    return { commits, head: must(git(target, "rev-parse", "--short", branch), "git could not find the branch").trim() };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A git command's output. @throws Error with what git said when it failed */
function must({ status, stdout, stderr, error }: SpawnSyncReturns<string>, what: string): string {
  if (status !== 0) throw new Error(`${what}: ${error?.message ?? plain(stderr).trim()}`);
  return stdout;
}

/** Runs git in a folder and nowhere else: inside a hook, the environment names another repository. */
function git(folder: string, ...args: string[]): SpawnSyncReturns<string> {
  const { GIT_DIR, GIT_WORK_TREE, GIT_INDEX_FILE, GIT_OBJECT_DIRECTORY, ...env } = process.env;
  return spawnSync("git", ["-C", folder, ...args], { encoding: "utf8", env: { ...env, LC_ALL: "C" }, maxBuffer: 256 * 1024 ** 2 });
}

async function receiveBundle(container: Docker.Container, command: string[], file: string): Promise<void> {
  const [output, errors] = [createWriteStream(file), new PassThrough()];
  let text = "";
  errors.on("data", (chunk: Buffer) => {
    text += chunk.toString("utf8");
  });
  const code = await runIn(container, command, { tty: false, stdin: false, output, errors });
  output.end();
  await finished(output);
  if (code !== 0) throw new Error(`the session could not bundle its work: ${plain(text).trim()}`);
}

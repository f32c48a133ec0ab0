import { spawnSync } from "node:child_process";
import { createWriteStream, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PassThrough } from "node:stream";
import { finished } from "node:stream/promises";
import type { Command } from "commander";
import type Docker from "dockerode";
import type { RepositorySetting } from "../settings.ts";
import { repositoriesOf } from "./repositories.ts";
import { liveSession } from "./sessions.ts";
import { loadStack, openEngine, stackOption } from "./stack.ts";

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
    .description("Bring what a session committed out: its branch session/<id> appears in the repository it was cloned from. Nothing is checked out.")
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
  const container = await liveSession(docker, source, id);
  const results = [];
  for (const repository of repositoriesOf(source, id, options.repository)) {
    const target = targetOf(repository, options.into);
    results.push({ repository: repository.name, into: target, branch: `session/${id}`, ...(await pull(docker, container, repository.name, id, target, options.force === true)) });
  }
  if (options.json) console.log(JSON.stringify(results, null, 2));
  else for (const { repository, into, branch, commits, head } of results) console.log(commits === 0 ? `${repository}: nothing new on ${branch} (${head})` : `${repository}: ${commits} new commits on ${branch} in ${into} (${head})`);
}

function targetOf(repository: RepositorySetting, into: string | undefined): string {
  const target = into === undefined ? (repository.kind === "path" ? repository.path : repository.hostPath) : resolve(into);
  if (target === undefined) throw new Error(`${repository.name} was cloned from a URL; name a git repository of this machine to bring the work to with --into FOLDER`);
  if (!existsSync(target)) throw new Error(`--into: ${target} is not there; make it with: git init ${target}`);
  return target;
}

/** What the session sends is not trusted: its objects are checked, no hook runs, and only the one branch is taken. */
async function pull(docker: Docker, container: Docker.Container, name: string, id: string, target: string, force: boolean): Promise<{ commits: number; head: string }> {
  const branch = `refs/heads/session/${id}`;
  const folder = mkdtempSync(join(tmpdir(), "agent-sessions-pull-"));
  try {
    const bundle = join(folder, "bundle");
    await receiveBundle(docker, container, ["git", "-C", `/workspace/${name}`, "bundle", "create", "--quiet", "-", branch], bundle);
    const before = git(target, "rev-parse", "--quiet", "--verify", branch);
    const fetched = git(target, "-c", "transfer.fsckObjects=true", "-c", "core.hooksPath=/dev/null", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", bundle, `${force ? "+" : ""}${branch}:${branch}`);
    if (fetched.status !== 0) {
      const diverged = fetched.stderr.includes("non-fast-forward");
      throw new Error(diverged ? `${target} has commits on session/${id} that the session has not; --force replaces them` : `git could not take the session's work into ${target}: ${fetched.stderr.trim()}`);
    }
    const range = before.status === 0 ? `${before.stdout.trim()}..${branch}` : branch;
    const exclude = before.status === 0 ? [] : ["--not", "HEAD"];
    const counted = git(target, "rev-list", "--count", range, ...exclude);
    return { commits: Number(counted.stdout.trim()), head: git(target, "rev-parse", "--short", branch).stdout.trim() };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function git(folder: string, ...args: string[]) {
  return spawnSync("git", ["-C", folder, ...args], { encoding: "utf8" });
}

async function receiveBundle(docker: Docker, container: Docker.Container, command: string[], file: string): Promise<void> {
  const exec = await container.exec({ Cmd: command, AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({});
  const [output, errors] = [createWriteStream(file), new PassThrough()];
  let text = "";
  errors.on("data", (chunk: Buffer) => {
    text += chunk.toString("utf8");
  });
  docker.modem.demuxStream(stream, output, errors);
  await new Promise((done, fail) => stream.once("end", done).once("error", fail));
  output.end();
  await finished(output);
  const { ExitCode } = await exec.inspect();
  if (ExitCode !== 0) throw new Error(`the session could not bundle its work: ${text.replace(/[^\n\x20-\x7e]/g, "").trim()}`);
}

import type { Command } from "commander";
import { runIn } from "./exec.ts";
import { printable } from "./printable.ts";
import { repositoriesOf } from "./repositories.ts";
import { runningSession } from "./sessions.ts";
import { loadStack, openEngine, stackOption } from "./stack.ts";

interface Options {
  readonly stack: string;
  readonly repository?: string;
  readonly stat?: boolean;
}

export function register(program: Command): void {
  program
    .command("diff")
    .description("Show what a session changed in its workspace since it started: commits and uncommitted work together.")
    .argument("<id>", "the session")
    .addOption(stackOption())
    .option("-r, --repository <name>", "only this repository")
    .option("--stat", "only the files and how much of each")
    .addHelpText("after", "\nExample:\n  sessions diff demo --stat\n")
    .action(run);
}

/**
 * Compares the work tree, new files too, with where the clone started; an index of its own leaves the agent's alone. A clone
 * of a detached HEAD, as every repository by URL is one, has no origin/HEAD: its start stands in the reflog. One that started
 * empty is compared with nothing.
 */
const script = `
cd "/workspace/$1" || exit 1
base=$(git merge-base HEAD refs/remotes/origin/HEAD 2>/dev/null) ||
  base=$(git log --walk-reflogs --format='%H %gs' HEAD 2>/dev/null | sed -n '$ s/ clone: .*//p')
[[ -n $base ]] || base=$(git hash-object -t tree /dev/null)
export GIT_INDEX_FILE=$(mktemp)
trap 'rm -f "$GIT_INDEX_FILE"' EXIT
if [[ -e .git/index ]]; then cp .git/index "$GIT_INDEX_FILE"; else rm "$GIT_INDEX_FILE"; fi
git add --all --intent-to-add . && git --no-pager diff --no-ext-diff --no-textconv $2 "$base"
`;

async function run(id: string, options: Options): Promise<void> {
  const source = loadStack(options.stack);
  const docker = await openEngine(source);
  const container = await runningSession(docker, source, id);
  for (const { name } of repositoriesOf(source, id, options.repository)) {
    const code = await runIn(docker, container, ["bash", "-c", script, "diff", name, options.stat ? "--stat" : ""], {
      tty: false,
      stdin: false,
      output: printable(process.stdout),
      errors: printable(process.stderr),
    });
    if (code !== 0) process.exitCode = 1;
  }
}

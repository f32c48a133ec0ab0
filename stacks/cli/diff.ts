import type { Command } from "commander";
import { runIn } from "./exec.ts";
import { printable } from "../printable.ts";
import { repositoriesOf } from "./repositories.ts";
import { liveSession } from "./sessions.ts";
import { sizeOption } from "./size-option.ts";
import { loadStack, openRuntime, stackOption } from "./stack.ts";
import { capped, eachPiece, passOn } from "../streams.ts";
import { findBase } from "./unpulled.ts";
import type { CommandPlace } from "../runtime/runtime.ts";

interface Options {
  readonly stack: string;
  readonly repository?: string;
  readonly stat?: boolean;
  readonly raw?: boolean;
  /** Bytes. */
  readonly maxSize: number;
}

export function register(program: Command): void {
  program
    .command("diff")
    .description("Show what a session changed in its workspace since it started: commits and uncommitted work together.")
    .argument("<id>", "the session")
    .addOption(stackOption())
    .option("-r, --repository <name>", "only this repository")
    .option("--stat", "only the files and how much of each")
    .option("--raw", "every character as it is, such as the line ends that git apply needs; look at the result in an editor")
    .addOption(sizeOption("the most that is shown of a repository", 64 * 1024 ** 2))
    .addHelpText("after", "\nExample:\n  npx sessions diff demo --stat\n")
    .action(run);
}

/**
 * Compares the work tree, new files too, with where the clone started; an index of its own leaves the agent's alone. One that
 * started empty is compared with nothing.
 */
const script = `
set -o pipefail
cd "/workspace/$1" || exit 1
${findBase}
[[ -n $base ]] || base=$(git hash-object -t tree /dev/null)
export GIT_INDEX_FILE=$(mktemp)
trap 'rm -f "$GIT_INDEX_FILE"' EXIT
if [[ -e .git/index ]]; then cp .git/index "$GIT_INDEX_FILE"; else rm "$GIT_INDEX_FILE"; fi
git add --all --intent-to-add . && git --no-pager diff --no-ext-diff --no-textconv $2 "$base" | head --bytes="$3"
`;

async function run(id: string, options: Options): Promise<void> {
  const source = loadStack(options.stack);
  const runtime = await openRuntime(source);
  const repositories = repositoriesOf(source, id, options.repository);
  await (await liveSession(runtime, source, id)).inWorkspace(async (place) => {
    for (const { name } of repositories) await show(place, id, name, options);
  });
}

async function show(place: CommandPlace, id: string, name: string, options: Options): Promise<void> {
  const clean = printable(process.stdout);
  const shown = options.raw ? eachPiece((chunk) => passOn(process.stdout, chunk)) : clean;
  let some = false;
  const noted = eachPiece((chunk) => {
    some = true;
    return passOn(shown, chunk);
  });
  const output = capped(
    noted,
    options.maxSize,
    (size) => `what session "${id}" changed in ${name} is cut here, at ${size}; --stat gives an overview, and --max-size SIZE shows more`,
  );
  const command = ["bash", "-c", script, "diff", name, options.stat ? "--stat" : "", String(options.maxSize + 1)];
  const code = await runIn(place, command, { tty: false, stdin: false, output, errors: printable(process.stderr) });
  if (code !== 0) process.exitCode = 1;
  // Standard output may be a patch for git apply.
  else if (!some) console.error(`${name}: no changes`);
  if (clean.removed())
    console.error(`sessions: control characters in ${name} were left out; --raw leaves them in, for git apply or an editor`);
}

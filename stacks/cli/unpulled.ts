import { plain } from "../printable.ts";
import type { CommandPlace } from "../runtime/runtime.ts";
import { outputOf } from "./exec.ts";

/** Work in a session's workspace that is nowhere else. */
export interface Unpulled {
  /** Below the workspace; left out for files that are in none. */
  readonly repository?: string;
  /** Commits that no pull brought out. */
  readonly commits: number;
  /** Changes that were put aside, which no pull brings out. */
  readonly stashes: number;
  /** Files that are new or changed and in no commit. */
  readonly files: number;
  /** The first of them. */
  readonly names: readonly string[];
}

/** In the session's repository: up to where pull has brought a branch out. */
export const pulledRef = (branch: string) => `refs/pulled/${branch}`;

/**
 * Sets `base` to where the clone of the current folder started. A clone of a detached HEAD, as every repository by URL is one, has
 * no origin/HEAD: its start stands in the reflog. One that started empty has none.
 */
export const findBase = `
base=$(git merge-base HEAD refs/remotes/origin/HEAD 2>/dev/null) ||
  base=$(git log --walk-reflogs --format='%H %gs' HEAD 2>/dev/null | sed -n '$ s/ clone: .*//p')
`;

/**
 * A line for each repository, wherever it lies, and one without a name for the files around them: name, commits, stashes, files and
 * the first three of these, with tabs between. The session's temporary files are nobody's work.
 */
const script = `
folders=("$@")
(($# > 0)) || mapfile -t -d '' folders < <(find /workspace -name .git -prune -printf '%h\\0' 2>/dev/null | sort --zero-terminated)
around=(-path /workspace/.tmp -o -path /workspace/.session-health -o -path '/workspace/.clone-*')
for folder in "\${folders[@]}"; do
  # What only looks like a repository holds files like any folder.
  GIT_CEILING_DIRECTORIES=\${folder%/*} git -C "$folder" rev-parse --git-dir &>/dev/null && cd "$folder" || continue
  around+=(-o -path "$(sed 's/[][*?\\]/\\\\&/g' <<<"$folder")")
  ${findBase}
  commits=$(git rev-list --count --branches $(git rev-parse --quiet --verify HEAD) --not --remotes --glob='refs/pulled/*' $base 2>/dev/null)
  mapfile -t changed < <(git --no-optional-locks status --porcelain --untracked-files=all)
  name=\${folder#/workspace/}
  printf '%s\\t%s\\t%s\\t%s' "\${name//[$'\\t\\n']/?}" "\${commits:-0}" "$(git stash list | wc --lines)" "\${#changed[@]}"
  for line in "\${changed[@]:0:3}"; do printf '\\t%s' "\${line:3}"; done
  echo
done
(($# > 0)) || find /workspace \\( "\${around[@]}" \\) -prune -o \\( -type f -o -type l \\) -printf '%P\\0' 2>/dev/null | tr '\\t\\n\\0' '??\\n' |
  awk 'NR <= 3 { names = names "\\t" $0 } END { printf "\\t0\\t0\\t%d%s\\n", NR, names }'
`;

/** Bytes of what is said of a workspace, in which there may be many repositories. */
const most = 1024 * 1024;

/**
 * Looks at what is in a workspace.
 *
 * @param repository this one alone
 * @throws Error when they cannot be looked at within a minute, or are too many
 */
export async function unpulledIn(place: CommandPlace, repository?: string): Promise<Unpulled[]> {
  const only = repository === undefined ? [] : [`/workspace/${repository}`];
  const { code, text } = await outputOf(place, ["timeout", "60", "bash", "-c", script, "unpulled", ...only], most);
  if (code !== 0) throw new Error(`git ended with ${code}`);
  if (Buffer.byteLength(text) >= most) throw new Error("there are too many repositories to look at");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [name = "", commits, stashes, files, ...names] = plain(line).split("\t");
      const counts = { commits: Number(commits) || 0, stashes: Number(stashes) || 0, files: Number(files) || 0 };
      return { ...(name !== "" && { repository: name }), ...counts, names };
    })
    .filter(({ commits, stashes, files }) => commits + stashes + files > 0);
}

/** As people read it: `code: 2 commits not pulled, 1 file not committed (notes.md)`. */
export function unpulledText({ repository, commits, stashes, files, names }: Unpulled): string {
  const counted = (count: number, one: string, many = `${one}s`) => (count === 0 ? [] : [`${count} ${count === 1 ? one : many}`]);
  const listed = names.length === 0 ? "" : ` (${names.join(", ")}${files > names.length ? ", …" : ""})`;
  const told = [
    ...counted(commits, "commit").map((text) => `${text} not pulled`),
    ...counted(stashes, "stash", "stashes"),
    ...counted(files, "file").map((text) => `${text} ${repository === undefined ? "in no repository" : "not committed"}${listed}`),
  ].join(", ");
  return `${repository ?? "/workspace"}: ${told}`;
}

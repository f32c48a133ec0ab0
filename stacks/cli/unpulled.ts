import { plain } from "../printable.ts";
import type { CommandPlace } from "../runtime/runtime.ts";
import { outputOf } from "./exec.ts";

/** Work in a session's repository that is nowhere else. */
export interface Unpulled {
  readonly repository: string;
  /** Commits that no pull brought out. */
  readonly commits: number;
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

/** A line for each repository: name, commits, files and the first three of these, with tabs between. */
const script = `
for folder in \${1:-/workspace/*}; do
  [[ -e $folder/.git ]] && cd "$folder" || continue
  ${findBase}
  commits=$(git rev-list --count --branches $(git rev-parse --quiet --verify HEAD) --not --remotes --glob='refs/pulled/*' $base 2>/dev/null)
  mapfile -t changed < <(git --no-optional-locks status --porcelain --untracked-files=all)
  printf '%s\\t%s\\t%s' "\${folder##*/}" "\${commits:-0}" "\${#changed[@]}"
  for line in "\${changed[@]:0:3}"; do printf '\\t%s' "\${line:3}"; done
  echo
done
`;

/**
 * Looks at the repositories of a workspace.
 *
 * @param repository only this one
 * @throws Error when they cannot be looked at within a minute
 */
export async function unpulledIn(place: CommandPlace, repository?: string): Promise<Unpulled[]> {
  const only = repository === undefined ? [] : [`/workspace/${repository}`];
  const { code, text } = await outputOf(place, ["timeout", "60", "bash", "-c", script, "unpulled", ...only]);
  if (code !== 0) throw new Error(`git ended with ${code}`);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [name = "", commits, files, ...names] = plain(line).split("\t");
      return { repository: name, commits: Number(commits) || 0, files: Number(files) || 0, names };
    })
    .filter(({ commits, files }) => commits + files > 0);
}

/** As people read it: `2 commits not pulled, 1 file not committed (notes.md)`. */
export function unpulledText({ commits, files, names }: Omit<Unpulled, "repository">): string {
  const counted = (count: number, what: string) => (count === 0 ? [] : [`${count} ${what}${count === 1 ? "" : "s"}`]);
  const listed = names.length === 0 ? "" : ` (${names.join(", ")}${files > names.length ? ", …" : ""})`;
  return [
    ...counted(commits, "commit").map((text) => `${text} not pulled`),
    ...counted(files, "file").map((text) => `${text} not committed${listed}`),
  ].join(", ");
}

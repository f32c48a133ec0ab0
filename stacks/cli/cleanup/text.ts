import { freedBy, type Item, type Removed } from "../../platforms/cleanup.ts";
import { formatSize } from "../../units.ts";
import { wrapped } from "../table.ts";

/** What would go. @param going `spare` where the disk is likely to have room again before its turn */
export function planText(going: readonly (Item & { readonly spare?: boolean })[], kept: readonly Item[]): string {
  const lines = going.map((item) => `  ${itemText(item)}${item.spare ? "; only if the disk has no room again before its turn" : ""}`);
  return wrapped(
    [
      ...(lines.length === 0 ? ["Nothing would go."] : ["This would go, and nothing was changed:", ...lines]),
      ...keptText(kept),
      ...(lines.length === 0 ? [] : [`It would free ${freedText(going)}.`]),
    ].join("\n"),
  );
}

/** What went, what stayed and why. @param described the sessions of the stack file */
export function reportText({ gone, kept }: Removed, described: readonly string[]): string {
  const again = [...new Set(gone.filter(({ kind }) => kind === "container").map(({ session }) => session))].filter((id) =>
    described.includes(id),
  );
  return wrapped(
    [
      ...(gone.length === 0 ? ["Nothing went."] : ["Gone:"]),
      ...gone.flatMap((item) => [`  ${itemText(item)}`, ...archiveText(item)]),
      ...keptText(kept),
      ...again.map((id) => `Session ${id} is still in the stack file, so the next up begins it anew.`),
      ...(gone.length === 0 ? [] : [`Freed ${freedText(gone)}.`]),
    ].join("\n"),
  );
}

const itemText = ({ policy, kind, name, bytes, why }: Item): string =>
  `${kind} ${name}${bytes === undefined ? "" : ` (${formatSize(bytes)})`}: ${why} (${policy})`;

const keptText = (kept: readonly Item[]): string[] => (kept.length === 0 ? [] : ["Kept:", ...kept.map((item) => `  ${itemText(item)}`)]);

function archiveText({ archive }: Removed["gone"][number]): string[] {
  if (archive === undefined) return [];
  const { path, sha256, size, made } = archive;
  return [`    ${made ? "archived as" : "was archived before as"} ${path} (${formatSize(size)}, sha256 ${sha256})`];
}

/** Only of volumes is it known what they hold, and not always. */
function freedText(items: readonly Item[]): string {
  const unknown = items.some(({ kind, bytes }) => kind === "volume" && bytes === undefined);
  return `${unknown ? "at least " : ""}${formatSize(freedBy(items))}`;
}

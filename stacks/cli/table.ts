import Table from "cli-table3";

/**
 * A table with plain borders, as the commands print it.
 *
 * @param widths of the columns, in characters, beyond which words wrap; as wide as their longest line when left out
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[], widths: readonly number[] = []): string {
  const drawn = new Table({ head: [...head], colWidths: [...widths], style: { head: [], border: [] }, wordWrap: true });
  for (const row of rows) drawn.push([...row]);
  return drawn.toString();
}

import Table from "cli-table3";

/** Columns of a terminal that everything fits. */
const usualScreen = 100;

/**
 * A table with plain borders that fits a screen: where its lines are too long, the widest columns wrap.
 *
 * @param screen columns of the terminal
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[], screen = usualScreen): string {
  const widest = (measure: (text: string) => number) =>
    head.map((title, column) => Math.max(...[title, ...rows.map((row) => row[column] ?? "")].map(measure)) + 2);
  const words = widest((text) => longest(text.split(/\s/)));
  const whole = shrunk(
    widest((text) => longest(text.split("\n"))),
    words,
    screen,
  );
  // Words are cut into pieces only where they leave no other way.
  const least = words.map(() => 8);
  const colWidths = shrunk(whole, least, screen);
  const drawn = new Table({
    head: [...head],
    colWidths,
    style: { head: [], border: [] },
    wordWrap: true,
    wrapOnWordBoundary: tooWide(whole, screen) <= 0,
  });
  for (const row of rows) drawn.push([...row]);
  return drawn.toString();
}

const longest = (parts: readonly string[]) => Math.max(...parts.map(({ length }) => length));

/** How many columns of a terminal are missing, with a border beside each column of the table. */
const tooWide = (widths: readonly number[], screen: number) => widths.reduce((total, width) => total + width + 1, 1) - screen;

/** The widths with the widest made narrower until they fit, and none below its least. */
function shrunk(widths: readonly number[], least: readonly number[], screen: number): number[] {
  const fitted = [...widths];
  while (tooWide(fitted, screen) > 0) {
    const room = fitted.map((width, column) => (width > (least[column] ?? 0) ? width : 0));
    const widest = Math.max(...room);
    if (widest === 0) break;
    fitted[room.indexOf(widest)] = widest - 1;
  }
  return fitted;
}

/** Lines that are too long for a screen, broken between words and indented. */
export function wrapped(text: string): string {
  return text
    .split("\n")
    .flatMap((line) => {
      const indent = " ".repeat(line.search(/\S|$/) + 4);
      const lines = [""];
      for (const word of line.split(/(?<=\S) /)) {
        const last = lines.at(-1) ?? "";
        if (last !== "" && last.length + 1 + word.length > usualScreen) lines.push(indent + word);
        else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
      }
      return lines;
    })
    .join("\n");
}

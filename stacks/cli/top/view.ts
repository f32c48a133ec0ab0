import { plain } from "../../printable.ts";
import { stateText } from "../../runtime/session-state.ts";
import { formatSize } from "../../units.ts";
import type { Row } from "./row.ts";

/** What the table shows, as pure functions: rows in an order, one of them chosen, on a screen of a size. */

interface Column {
  readonly title: string;
  /** Sorts by it. */
  readonly key: string;
  readonly value: (row: Row) => number | string | undefined;
  readonly text: (row: Row, wide: boolean) => string;
  /** Of the texts, without and with room; those of the first two columns are as wide as there is room. */
  readonly width?: readonly [narrow: number, wide: number];
}

/** The states that need somebody come first. */
const urgency: readonly Row["state"][] = ["failed", "key refused", "unhealthy", "stopped", "starting", "complete", "healthy"];

const share = (part: number | undefined, limit: number) => (part === undefined || limit === 0 ? undefined : part / limit);
const percent = (ratio: number | undefined) => (ratio === undefined ? undefined : `${Math.round(ratio * 100)}%`);
const ofSize = (bytes: number | undefined, limit: number, wide: boolean) => {
  if (bytes === undefined) return unknown;
  const ratio = percent(share(bytes, limit));
  return [ratio, wide || ratio === undefined ? formatSize(bytes) : undefined].filter((text) => text !== undefined).join(" ");
};
/** What is not known, or not counted. */
const unknown = "-";

export const columns: readonly Column[] = [
  { title: "session", key: "s", value: ({ session }) => session, text: ({ session }) => session },
  { title: "state", key: "t", value: ({ state }) => -urgency.indexOf(state), text: stateText },
  {
    title: "cpu",
    key: "c",
    value: ({ cpu, cpuLimit }) => share(cpu, cpuLimit) ?? cpu,
    text: ({ cpu, cpuLimit }) => percent(share(cpu, cpuLimit)) ?? (cpu === undefined ? unknown : cpu.toFixed(1)),
    width: [5, 5],
  },
  {
    title: "memory",
    key: "m",
    value: ({ memory, memoryLimit }) => share(memory, memoryLimit) ?? memory,
    text: ({ memory, memoryLimit }, wide) => ofSize(memory, memoryLimit, wide),
    width: [7, 14],
  },
  {
    title: "disk",
    key: "d",
    value: ({ disk, diskLimit }) => share(disk, diskLimit) ?? disk,
    text: ({ disk, diskLimit }, wide) => ofSize(disk, diskLimit, wide),
    width: [5, 14],
  },
  { title: "in/s", key: "n", value: ({ received }) => received, text: ({ received }) => rate(received), width: [7, 7] },
  { title: "out/s", key: "o", value: ({ sent }) => sent, text: ({ sent }) => rate(sent), width: [7, 7] },
  { title: "refused", key: "r", value: ({ refused }) => refused, text: ({ refused }) => String(refused ?? unknown), width: [8, 8] },
  { title: "age", key: "a", value: ({ age }) => age, text: ({ age }) => ageText(age), width: [5, 5] },
];

/** In at most seven characters: tenths beside three digits tell nobody anything. */
const rate = (bytes: number | undefined) => (bytes === undefined ? unknown : formatSize(bytes).replace(/(\d{3,})\.\d/, "$1"));

/** Seconds in one unit: `40s`, `3h`, `12d`. */
export function ageText(seconds: number): string {
  const [size, unit] = (
    [
      [86_400, "d"],
      [3600, "h"],
      [60, "m"],
    ] as const
  ).find(([least]) => seconds >= least) ?? [1, "s"];
  return `${Math.floor(seconds / size)}${unit}`;
}

/** What whoever looks has chosen. */
export interface View {
  /** The key of the column by which rows are sorted. */
  readonly sort: string;
  readonly reversed: boolean;
  /** The session whose row is marked; the first one when left out. */
  readonly marked?: string;
}

export const firstView: View = { sort: "t", reversed: false };

/** Texts rise and numbers fall, unless reversed; what is not known comes last, and equals go by session. */
export function sorted(rows: readonly Row[], { sort, reversed }: View): Row[] {
  const { value } = columns.find(({ key }) => key === sort) ?? (columns[0] as Column);
  const turn = reversed ? -1 : 1;
  return rows.toSorted((one, other) => {
    const [first, second] = [value(one), value(other)];
    if (first !== second && (first === undefined || second === undefined)) return first === undefined ? 1 : -1;
    const order = typeof first === "string" ? (first < (second ?? "") ? -1 : 1) : Number(second) - Number(first);
    return (first === second || Number.isNaN(order) ? 0 : order * turn) || (one.session < other.session ? -1 : 1);
  });
}

/** What a key changes; nothing where it is none of the table's. */
export function pressed(view: View, key: string, rows: readonly Row[]): View | undefined {
  if (columns.some((column) => column.key === key)) return { ...view, sort: key, reversed: view.sort === key && !view.reversed };
  const order = sorted(rows, view);
  const at = markedAt(order, view);
  const steps: Readonly<Record<string, number>> = { up: -1, down: 1, pageup: -10, pagedown: 10, home: -order.length, end: order.length };
  const step = steps[key];
  if (step === undefined) return undefined;
  const row = order[Math.max(0, Math.min(order.length - 1, at + step))];
  return { ...view, ...(row !== undefined && { marked: row.session }) };
}

/** The place of the marked row. */
export const markedAt = (order: readonly Row[], { marked }: View): number =>
  Math.max(
    0,
    order.findIndex(({ session }) => session === marked),
  );

/** A terminal's size. */
export interface Size {
  readonly rows: number;
  readonly columns: number;
}

/** Columns of a terminal from which there is room for sizes beside their shares. */
const wideFrom = 100;

/** What is to be seen. */
interface Shown {
  readonly title: string;
  readonly rows: readonly Row[];
  /** A sentence that stands where there are no rows. */
  readonly empty: string;
  readonly view: View;
  /** A sentence for whoever looks, in the last line. */
  readonly note: string;
}

/** The screen, line by line, none longer than it is wide. */
export function lines({ title, rows, empty, view, note }: Shown, size: Size): string[] {
  const order = sorted(rows, view);
  const at = markedAt(order, view);
  const room = Math.max(1, size.rows - 3);
  const first = Math.max(0, Math.min(at - Math.floor(room / 2), order.length - room));
  const wide = size.columns >= wideFrom;
  const widths = widthsFor(order, size.columns, wide);
  const heads = columns.map(({ title, key }) => (key === view.sort ? `${title}${view.reversed ? "▴" : "▾"}` : title));
  const line = (cells: readonly string[]) => cells.map((cell, index) => fitted(cell, widths[index] ?? 0, index < 2)).join(" ");
  const shown = order.slice(first, first + room).map((row) => line(columns.map(({ text }) => text(row, wide))));
  const more = order.length > room ? ` (${first + 1} to ${Math.min(order.length, first + room)} of ${order.length})` : "";
  const keys = `sort: ${columns.map(({ key }) => key).join(" ")} · arrows move · Enter attaches · q leaves`;
  const cut = (text: string) => fitted(text, size.columns, true);
  return [
    cut(`${title}${more}`),
    bold(cut(line(heads))),
    ...(shown.length === 0 ? [cut(empty)] : shown.map(cut)).map((text, index) =>
      shown.length > 0 && first + index === at ? inverse(text) : text,
    ),
    cut(note === "" ? keys : note),
  ];
}

function widthsFor(rows: readonly Row[], screen: number, wide: boolean): number[] {
  const fixed = columns.slice(2).map(({ width = [0, 0] }) => width[wide ? 1 : 0]);
  const left = screen - fixed.reduce((sum, width) => sum + width + 1, 1);
  const longest = Math.max(8, ...rows.map(({ session }) => session.length));
  const name = Math.max(8, Math.min(longest, left - 14));
  return [name, Math.max(8, left - name), ...fixed];
}

/** A text in just so many characters, none of which a terminal obeys. */
function fitted(text: string, width: number, left: boolean): string {
  const clean = plain(text).replace(/[\t\n]/g, " ");
  const cut = clean.length > width ? `${clean.slice(0, Math.max(0, width - 1))}…`.slice(0, width) : clean;
  return left ? cut.padEnd(width) : cut.padStart(width);
}

const bold = (text: string) => `\x1b[1m${text}\x1b[m`;
const inverse = (text: string) => `\x1b[7m${text}\x1b[m`;

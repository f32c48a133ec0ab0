// Text that is safe to stand in a page, whoever wrote it.

/** HTML that was made here. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const named: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

type Part = Html | string | number | readonly Part[];

function textOf(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(textOf).join("");
  // Nor may a text turn the direction in which its neighbours are read.
  return String(part)
    .replace(/[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, "\ufffd")
    .replace(/[&<>"']/g, (character) => named[character] ?? "");
}

/** A piece of a page: what is put into it is text unless it was made by this. */
export function html(pieces: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(pieces.reduce((whole, piece, index) => whole + textOf(parts[index - 1] ?? "") + piece));
}

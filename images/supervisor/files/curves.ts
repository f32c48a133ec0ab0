// The last hour of one figure as a picture.
import { Curve } from "./watched.ts";
import { type Html, html } from "./html.ts";

/** Values that one point of the picture stands for: the greatest of them is drawn, so that no peak is lost. */
const together = 4;
const [width, height] = [Curve.length / together, 32];

/** Points of the picture, from the left; NaN where nothing is known. The last value is at the right edge. */
export function points(values: readonly number[]): number[] {
  const filled = [...Array<number>(Curve.length - values.length).fill(Number.NaN), ...values];
  return Array.from({ length: width }, (_, index) =>
    filled
      .slice(index * together, (index + 1) * together)
      .reduce((most, value) => (value > most || Number.isNaN(most) ? value : most), Number.NaN),
  );
}

/** Lines with gaps where nothing is known, as an SVG path. @param top the value at the upper edge */
export function path(values: readonly number[], top: number): string {
  const drawn: string[] = [];
  let before = Number.NaN;
  for (const [index, value] of points(values).entries()) {
    if (!Number.isNaN(value)) {
      const y = (height - 1 - (Math.min(value, top) / (top || 1)) * (height - 2)).toFixed(1);
      // One alone is a line of a point's length, or it would not be seen.
      drawn.push(Number.isNaN(before) ? `M${index} ${y}h1` : `L${index + 1} ${y}`);
    }
    before = value;
  }
  return drawn.join("");
}

/**
 * @param say the value for people
 * @param top the value at the upper edge; the greatest that was seen when left out
 */
export function curve(title: string, { values }: Curve, say: (value: number) => string, top?: number): Html {
  const known = values.filter((value) => !Number.isNaN(value));
  const most = Math.max(0, ...known);
  const now = values.at(-1) ?? Number.NaN;
  const told =
    known.length === 0 ? "not known yet" : `now ${Number.isNaN(now) ? "not known" : say(now)}, at most ${say(most)} in the last hour`;
  const line = html`<path d="${path(values, top ?? most)}"/>`;
  return html`<figure><figcaption>${title} <span>${told}</span></figcaption><svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${title}: ${told}">${line}</svg></figure>`;
}

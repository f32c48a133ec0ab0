/** One change of the code, and whether a test noticed it. */
export interface Mutant {
  /** Relative to the project. */
  readonly file: string;
  readonly line: number;
  /** The code that it changes, and what stands there instead, each on one line. */
  readonly before: string;
  readonly after: string;
  readonly killed: boolean;
}

/** Code on one line, as far as it tells one place from another. */
export function onOneLine(code: string): string {
  const line = code.replace(/\s+/g, " ").trim();
  return line.length > 160 ? `${line.slice(0, 157)}…` : line;
}

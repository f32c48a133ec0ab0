import type { Outcome, Step } from "../recorder/plan.ts";

/** Lines that are told when a build fails. */
const kept = 40;

/** Shows a build as one line, and what it said last when it fails. */
export class BuildProgress {
  readonly #say: (line: string) => void;
  readonly #building = new Set<string>();
  #lines: string[] = [];

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  readonly begin = ({ urn, name, builds }: Pick<Step, "urn" | "name" | "builds">): void => {
    if (!builds) return;
    this.#building.add(urn);
    this.#say(`  building ${name}, which takes some minutes the first time …`);
  };

  readonly line = (line: string): void => {
    this.#lines = [...this.#lines, line].slice(-kept);
  };

  /** What a build said is forgotten when one ends: what fails after it did not say that. */
  readonly end = ({ urn, name, error }: Pick<Outcome, "urn" | "name" | "error">): void => {
    if (!this.#building.delete(urn)) return;
    if (error !== undefined && this.#lines.length > 0) {
      this.#say(`  ${name} said last:`);
      for (const line of this.#lines) this.#say(`    ${line}`);
    }
    this.#lines = [];
  };
}

import type { Step } from "../embedded/plan.ts";

/** Lines that are told when a build fails. */
const kept = 40;

/** Shows a build as one line, and what it said last when it fails. */
export class BuildProgress {
  readonly #say: (line: string) => void;
  #lines: string[] = [];

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  readonly begin = ({ type, name, operation }: Pick<Step, "type" | "name" | "operation">): void => {
    if (/:(Remote)?Image$/.test(type) && operation !== "same") this.#say(`  building ${name}, which takes some minutes the first time …`);
  };

  readonly line = (line: string): void => {
    this.#lines = [...this.#lines, line].slice(-kept);
  };

  readonly end = (name: string, error: string | undefined): void => {
    if (error === undefined || this.#lines.length === 0) return;
    this.#say(`  ${name} said last:`);
    for (const line of this.#lines) this.#say(`    ${line}`);
    this.#lines = [];
  };
}

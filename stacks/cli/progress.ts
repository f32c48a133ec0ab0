import type { Outcome, Step } from "../recorder/plan.ts";

type Tell = (line: string) => void;

/** Tells of each step as it ends, and of a build as it begins. Why a step failed is told once, when all have ended. */
export function progressOf(say: Tell, detail: Tell) {
  return {
    begin: ({ name, builds }: Step) => {
      if (builds) say(`  building ${name}, which takes some minutes the first time …`);
    },
    end: ({ operation, name, error, skipped }: Outcome) => {
      if (error !== undefined) detail(`  failed ${name}`);
      else if (skipped) detail(`  skipped ${name}: what it needs failed`);
      else if (operation !== "same") detail(`  ${operation} ${name}`);
    },
  };
}

/** @throws Error with every step that was not done */
export function refuseFailures(outcomes: readonly Outcome[]): void {
  const failures = outcomes.filter(({ error, skipped }) => error !== undefined || skipped);
  if (failures.length === 0) return;
  const reasons = failures.map(
    ({ name, error }) => `  ${name}: ${error?.replaceAll("\n", "\n    ") ?? "skipped, as what it needs failed"}`,
  );
  const first = `${failures.length} of ${outcomes.length} steps were not done; mend the cause and run up again, what was done stays.`;
  throw new Error([first, ...reasons].join("\n"));
}

import { expect, test } from "vitest";
import { progressOf, refuseFailures } from "../../stacks/cli/progress.ts";

const step = { operation: "create", urn: "i", name: "image:1", type: "t", changes: [] } as const;
const failed = { operation: "create", urn: "c", name: "image:2", error: "it could not be built: 1\nStep 1\nStep 2" } as const;
const skipped = { operation: "create", urn: "d", name: "container", skipped: true } as const;

function told(work: (progress: ReturnType<typeof progressOf>) => void) {
  const [said, detailed]: [string[], string[]] = [[], []];
  work(
    progressOf(
      (line) => said.push(line),
      (line) => detailed.push(line),
    ),
  );
  return { said, detailed };
}

test("a build is told as it begins, and each step that changed something as it ends", () => {
  const { said, detailed } = told(({ begin, end }) => {
    begin({ ...step, builds: true });
    begin({ ...step, name: "container" });
    end(step);
    end({ ...step, operation: "same", name: "network" });
  });
  expect([said, detailed]).toEqual([["  building image:1, which takes some minutes the first time …"], ["  create image:1"]]);
});

test("why a step failed is told once, with all that was not done", () => {
  const { said, detailed } = told(({ end }) => [step, failed, { ...failed, operation: "same" } as const, skipped].forEach(end));
  expect([said, detailed]).toEqual([
    [],
    ["  create image:1", "  failed image:2", "  failed image:2", "  skipped container: what it needs failed"],
  ]);
  expect(() => refuseFailures([step, failed, skipped])).toThrow(
    new Error(
      [
        "2 of 3 steps were not done; mend the cause and run up again, what was done stays.",
        "  image:2: it could not be built: 1",
        "    Step 1",
        "    Step 2",
        "  container: skipped, as what it needs failed",
      ].join("\n"),
    ),
  );
  refuseFailures([step]);
});

import { expect, test } from "vitest";
import { BuildProgress } from "../../stacks/cli/build-progress.ts";

const container = { urn: "c", name: "one" };
const image = { urn: "i", name: "image:1", builds: true };

const building = "  building image:1, which takes some minutes the first time …";

function told(work: (build: BuildProgress) => void): string[] {
  const lines: string[] = [];
  work(new BuildProgress((line) => void lines.push(line)));
  return lines;
}

test("a build is one line", () => {
  expect(
    told((build) => {
      for (const step of [image, { ...image, builds: false }, container]) build.begin(step);
      build.line("Step 1");
      build.end(image);
    }),
  ).toEqual([building]);
});

test("one that fails is followed by the last 40 lines that it said", () => {
  expect(
    told((build) => {
      build.begin(image);
      for (let number = 1; number <= 50; number += 1) build.line(`Step ${number}`);
      // Others end while it is at work.
      build.end(container);
      build.end({ ...image, error: "no" });
    }),
  ).toEqual([building, "  image:1 said last:", ...Array.from({ length: 40 }, (_, index) => `    Step ${index + 11}`)]);
});

test("what fails after a build did not say what the build said", () => {
  expect(
    told((build) => {
      build.begin(image);
      build.line("Step 1");
      build.end(image);
      build.end({ ...container, error: "no" });
    }),
  ).toEqual([building]);
});

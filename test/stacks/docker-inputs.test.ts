import { expect, test } from "vitest";
import { labelsIn, labelsOf, nanoseconds, neverStarts, refuseUnknown, toHealthcheck } from "../../stacks/embedded/docker/inputs.ts";

/** The provider's inputs as the embedded engine hands them to the Engine's API. */

test.each([
  ["500ms", 500_000_000],
  ["2s", 2_000_000_000],
  ["1.5s", 1_500_000_000],
  ["0.125s", 125_000_000],
  ["1m30s", 90_000_000_000],
  ["1h2m3s", 3_723_000_000_000],
  ["", 0],
  [undefined, 0],
])("a duration of %s is %i ns", (written, wanted) => expect(nanoseconds(written)).toBe(wanted));

test("a health check has all that it says", () => {
  const health = { tests: ["CMD", "true"], interval: "30s", timeout: "10s", startPeriod: "1m0s", retries: 3 };
  expect(toHealthcheck(health)).toEqual({
    Test: ["CMD", "true"],
    Interval: 30_000_000_000,
    Timeout: 10_000_000_000,
    StartPeriod: 60_000_000_000,
    Retries: 3,
  });
});

test("labels are read from where the provider has them, and none are none", () => {
  const labels = [
    { label: "a", value: "1" },
    { label: "b", value: "2" },
  ];
  expect([labelsIn(labels), labelsOf({ labels }), labelsOf({})]).toEqual([{ a: "1", b: "2" }, { a: "1", b: "2" }, {}]);
});

test.each([
  [{}, false],
  [{ start: true }, false],
  [{ start: false }, true],
  [{ start: false, attach: false }, true],
  [{ start: false, attach: true }, false],
])("whether %j never starts: %s", (inputs, never) => expect(neverStarts(inputs)).toBe(never));

test("an input that it does not know is refused by name, and what it knows is not", () => {
  const known = ["name", "image"];
  expect(() => refuseUnknown("Container", "c", { name: "c", image: "i" }, known)).not.toThrow();
  expect(() => refuseUnknown("Container", "c", { name: "c", gpus: "all", runtime: "x" }, known)).toThrow(
    "c: the embedded engine does not know the input gpus, runtime of Container; deploy this stack with the Pulumi CLI (--engine pulumi)",
  );
});

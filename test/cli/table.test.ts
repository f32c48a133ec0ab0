import { expect, test } from "vitest";
import { table, wrapped } from "../../stacks/cli/table.ts";

const long = "words that go on and on and say something that is longer than a screen is wide, for a table at least";

test.each([
  ["short cells", ["a", "b"]],
  ["a long text", [long, "b"]],
  ["several long texts", [long, long, "x", long, long]],
  ["a word that is longer than its column", ["x".repeat(150), long]],
])("a table of %s fits 100 columns and loses nothing", (_, row) => {
  const drawn = table(
    row.map((__, column) => `column ${column}`),
    [row],
  );
  expect(Math.max(...drawn.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(100);
  const cells = (text: string) => text.replace(/[^\w]/g, "").split("").sort().join("");
  expect(cells(drawn)).toBe(cells(["column0", ...row.slice(1).map((__, column) => `column${column + 1}`), ...row].join("")));
});

test("long lines are broken between words and indented below their beginning", () => {
  const text = wrapped(`  + ${long}\n    short  one\n${"x".repeat(120)}`);
  expect(text.split("\n")).toEqual([
    "  + words that go on and on and say something that is longer than a screen is wide, for a table at",
    "      least",
    "    short  one",
    "x".repeat(120),
  ]);
});

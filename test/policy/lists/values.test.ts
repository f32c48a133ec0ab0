import { describe, expect, test } from "vitest";
import { flag, label, list, number, readable, record, text } from "../../../policy/rules/read/value.ts";

describe("a value of another shape is never taken for one that is absent", () => {
  test.each<[unknown, unknown]>([
    [undefined, undefined],
    [null, undefined],
    ["", ""],
    ["a", "a"],
    [0, "0"],
    [false, "false"],
    [{}, "an input is not a string"],
    [[], "an input is not a string"],
  ])("%j as text", (value, expected) => {
    if (typeof value === "object" && value !== null) expect(() => text(value)).toThrow(expected as string);
    else expect(text(value)).toBe(expected);
  });

  test.each<[unknown, number | undefined | Error]>([
    [undefined, undefined],
    [null, undefined],
    ["", undefined],
    [0, 0],
    ["0", 0],
    ["1.5", 1.5],
    ["x", Error()],
    [Number.NaN, Error()],
    [true, Error()],
    [{}, Error()],
  ])("%j as a number", (value, expected) => {
    if (expected instanceof Error) expect(() => number(value)).toThrow("an input is not a number");
    else expect(number(value)).toBe(expected);
  });

  test.each<[unknown, boolean | undefined | Error]>([
    [undefined, undefined],
    [null, undefined],
    ["", undefined],
    [true, true],
    [false, false],
    ["true", true],
    ["False", false],
    ["xtrue", Error()],
    ["truex", Error()],
    [1, Error()],
    [[], Error()],
  ])("%j as a switch", (value, expected) => {
    if (expected instanceof Error) expect(() => flag(value)).toThrow("an input is not true or false");
    else expect(flag(value)).toBe(expected);
  });

  test("objects and lists", () => {
    expect([record(undefined), record(null), record({ a: 1 })]).toEqual([{}, {}, { a: 1 }]);
    for (const value of ["", 0, []]) expect(() => record(value)).toThrow("an input is not an object");
    expect([list(undefined), list(null), list([1])].map((one) => [...one])).toEqual([[], [], [1]]);
    for (const value of ["", 0, {}]) expect(() => list(value)).toThrow("an input is not a list");
  });

  test.each([null, undefined, "", "x", 0, [], [{}]])("%j as inputs", (value) => {
    expect(() => readable(value)).toThrow("an input is not an object");
  });

  test("inputs are read as deep as anybody nests", () => {
    const deep = (levels: number): object => (levels === 0 ? {} : { next: deep(levels - 1) });
    expect(readable(deep(100))).toEqual(deep(100));
    expect(() => readable(deep(101))).toThrow("an input is not nested less than 100 deep");
  });

  test("labels are a map or pairs, and the first of a name counts", () => {
    expect([label({ a: "x", b: 1 }, "b"), label({ a: null }, "a"), label({}, "a"), label(undefined, "a")]).toEqual([
      "1",
      "",
      undefined,
      undefined,
    ]);
    const pairs = [{ label: "a", value: "x" }, { label: "a", value: "y" }, { value: "z" }, { label: "b" }];
    expect([label(pairs, "a"), label(pairs, ""), label(pairs, "b"), label(pairs, "c")]).toEqual(["x", "z", "", undefined]);
  });
});

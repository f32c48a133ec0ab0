import { describe, expect, test } from "vitest";
import { formatDuration, formatSize, parseDuration, parseRate, parseSize } from "../../stacks/units.ts";

const neither = ["", " ", "4", "MB", "4 X", "x4 MB", "4 MB x", "-4 MB", "4. MB", ".5 MB", "4,5 MB", "4 5 MB", "1e3 MB", "4 i", "∞ MB"];

describe("a size", () => {
  test.each<[string, number]>([
    ["0 B", 0],
    ["1 B", 1],
    ["12b", 12],
    ["1 KB", 1024],
    ["1kB", 1024],
    ["2 MB", 2_097_152],
    ["2 mb", 2_097_152],
    ["3 GB", 3_221_225_472],
    ["3gb", 3_221_225_472],
    ["1 TB", 1_099_511_627_776],
    ["1 tb", 1_099_511_627_776],
    ["1 KiB", 1024],
    ["1 MIB", 1_048_576],
    ["1 GiB", 1_073_741_824],
    ["1 tib", 1_099_511_627_776],
    ["1.5 KB", 1536],
    ["10.25 MB", 10_747_904],
    ["0.3 B", 0],
    ["0.5 B", 1],
    ["  4\tMB \n", 4_194_304],
    ["007 KB", 7168],
  ])("%j is %s bytes", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each([...neither, "4 Bi", "4 iB", "4 KBB", "4 PB", "4 K", "4 Ki", "4 MB/s", "1.2.3 MB"])("%j is none", (text) => {
    expect(parseSize(text)).toBeUndefined();
  });
});

describe("a rate", () => {
  test.each<[string, number]>([
    ["10 B/s", 10],
    ["10B/s", 10],
    ["64 KB/s", 65_536],
    ["64 kB/s", 65_536],
    ["1.5 MB/s", 1_572_864],
    ["1 GiB/s", 1_073_741_824],
    ["1 TB/s", 1_099_511_627_776],
    [" 1 KiB/s ", 1024],
  ])("%j is %s bytes a second", (text, bytes) => {
    expect(parseRate(text)).toBe(bytes);
  });

  test.each([...neither, "10 Mb/s", "10 mB/s", "10 MB", "10 MB/S", "10 MB/m", "10 MB /s", "10 MB/ss", "10 MIB/s", "10 MBps", "10 i/s"])(
    "%j is none",
    (text) => expect(parseRate(text)).toBeUndefined(),
  );
});

describe("a duration", () => {
  test.each<[string, number]>([
    ["0 s", 0],
    ["30 s", 30],
    ["10m", 600],
    ["8 h", 28_800],
    ["2 d", 172_800],
    ["1.5 h", 5400],
    ["0.4 s", 0],
    ["0.5 s", 1],
    ["1.25 m", 75],
    [" 3\td ", 259_200],
  ])("%j is %s seconds", (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  test.each([...neither, "4 S", "4 ms", "4 min", "4 w", "4 sm", "1.2.3 s", "4"])("%j is none", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

test.each<[number, string]>([
  [0, "0 B"],
  [1, "1 B"],
  [1023, "1023 B"],
  [1024, "1 KB"],
  [1536, "1.5 KB"],
  [1_048_575, "1024 KB"],
  [1_048_576, "1 MB"],
  [5_368_709_120, "5 GB"],
  [1_099_511_627_776, "1 TB"],
  [1_125_899_906_842_624, "1024 TB"],
  [1_288_490_189, "1.2 GB"],
])("%s bytes are %s", (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});

test.each<[number, string]>([
  [0, "0 s"],
  [59.9, "59 s"],
  [60, "1 m"],
  [3599, "59 m"],
  [86_399, "23 h"],
  [93_600, "1 d"],
  [864_000, "10 d"],
])("%s seconds are written as %s", (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

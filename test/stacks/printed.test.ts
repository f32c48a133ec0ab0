import type { Writable } from "node:stream";
import { expect, test } from "vitest";
import { linesSince, printed } from "../../stacks/runtime/printed.ts";
import type { LogOptions, RunningPart } from "../../stacks/runtime/runtime.ts";
import { passOn } from "../../stacks/streams.ts";

/** Something that has printed these lines, a second apart. */
function part(...lines: string[]): RunningPart {
  const at = (second: number) => `2026-01-01T00:00:0${second}.000000000Z`;
  return {
    start: () => Promise.reject(new Error("not asked")),
    logs: async ({ timestamps, since = 0 }: LogOptions, output: Writable) => {
      for (const [second, line] of lines.entries())
        if (Date.parse(at(second)) / 1000 >= Number(since)) await passOn(output, `${timestamps ? `${at(second)} ` : ""}${line}\n`);
    },
  };
}

test("letters of every language come through, and nothing that a terminal obeys", async () => {
  expect(await printed(part("über Zürich, 東京, 🦀", "a\u001b[31mb\u0007\u009bc"))).toBe("über Zürich, 東京, 🦀\na[31mbc");
  expect(await linesSince(part("über\u0007"), "")).toEqual(["2026-01-01T00:00:00.000000000Z über"]);
});

test("more than is held at once is told, and followed in pieces of whole lines", async () => {
  const long = part("1".repeat(40), "2".repeat(40), "ü".repeat(20));
  expect(await printed(long, {}, 123)).toHaveLength(102);
  await expect(printed(long, {}, 122)).rejects.toThrow("more than 122 B were printed; ask for what came later, as by --since 1h");
  const followed: string[] = [];
  for (let last = ""; followed.length < 3; last = followed.at(-1)?.split(" ")[0] ?? "") {
    const lines = await linesSince(long, last, 160);
    expect(lines.length).toBeGreaterThan(0);
    followed.push(...lines);
  }
  expect(followed.map((line) => line.split(" ")[1])).toEqual(["1".repeat(40), "2".repeat(40), "ü".repeat(20)]);
});

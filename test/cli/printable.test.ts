import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { printable } from "../../stacks/printable.ts";

async function written(terminal: boolean, ...chunks: Buffer[]): Promise<string> {
  const target = Object.assign(new PassThrough(), { isTTY: terminal });
  const stream = printable(target);
  for (const chunk of chunks) await new Promise((done) => stream.write(chunk, done));
  return String(target.read() ?? "");
}

const hostile = Buffer.from("\x1b]0;title\x07a\tb\r\n\u009b2Jü");

test("nothing that a session wrote commands a terminal", async () => {
  expect(await written(true, hostile)).toBe("]0;titlea\tb\n2Jü");
});

test("a character that two chunks share stays whole", async () => {
  expect(await written(true, hostile.subarray(0, -1), hostile.subarray(-1))).toBe("]0;titlea\tb\n2Jü");
});

test("into a pipe neither", async () => {
  expect(await written(false, hostile)).toBe("]0;titlea\tb\n2Jü");
});

test.each([
  ["plain text\tü\n", false],
  ["line ends of two\r\n", true],
])("%j: something was left out: %s", async (text, removed) => {
  const stream = printable(new PassThrough());
  await new Promise((done) => stream.write(text, done));
  expect(stream.removed()).toBe(removed);
});

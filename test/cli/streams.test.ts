import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { expect, test } from "vitest";
import { beginning, capped, demultiplexer, eachPiece } from "../../stacks/streams.ts";

/** Keeps what is written to it. */
function collector() {
  const chunks: Buffer[] = [];
  const stream = eachPiece((chunk) => void chunks.push(chunk));
  return Object.assign(stream, { text: () => Buffer.concat(chunks).toString("latin1") });
}

const frame = (number: number, text: string) => {
  const header = Buffer.from([number, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(text.length, 4);
  return Buffer.concat([header, Buffer.from(text, "latin1")]);
};

test("the two outputs of a container are taken apart, however they are cut", async () => {
  const bytes = Buffer.concat([frame(1, "one"), frame(2, "bad"), frame(1, ""), frame(0, "zero"), frame(1, "\x00\x01\x02\xff")]);
  for (const at of bytes.keys()) {
    const [output, errors] = [collector(), collector()];
    await pipeline(Readable.from([bytes.subarray(0, at), bytes.subarray(at)]), demultiplexer(output, errors));
    expect([output.text(), errors.text()]).toEqual(["onezero\x00\x01\x02\xff", "bad"]);
  }
});

test("whoever sends faster than is taken is held up, and nothing piles up", async () => {
  const waiting: (() => void)[] = [];
  const slow = new Writable({ write: (_, __, done) => void waiting.push(done) });
  let sent = 0;
  const source = new Readable({
    read() {
      sent += 1;
      this.push(sent > 1000 ? null : frame(1, "x".repeat(32 * 1024)));
    },
  });
  const ended = pipeline(source, demultiplexer(slow, slow));
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  // Some pieces are on their way in each stream's own buffer.
  expect(sent).toBeLessThan(20);
  const timer = setInterval(() => waiting.splice(0).forEach((done) => void done()), 0);
  await ended;
  clearInterval(timer);
  expect(sent).toBe(1001);
});

test("what takes a stream and fails ends it", async () => {
  const full = new Writable({ write: (_, __, done) => done(new Error("no room")) });
  full.on("error", () => {});
  await expect(pipeline(Readable.from([frame(1, "a"), frame(1, "b")]), demultiplexer(full, full))).rejects.toThrow("no room");
});

test.each([
  [9, "123456789", undefined],
  [10, "123456789", undefined],
  [8, "12345678", "no more than 8 B"],
  [3, "123", "no more than 3 B"],
])("of %i bytes that are taken at most, %j come", async (most, taken, failure) => {
  const target = collector();
  const done = pipeline(
    Readable.from([Buffer.from("1234"), Buffer.from("56789")]),
    capped(target, most, (size) => `no more than ${size}`),
  );
  if (failure === undefined) await done;
  else await expect(done).rejects.toThrow(failure);
  expect(target.text()).toBe(taken);
});

test("of an error text the beginning is kept", async () => {
  const stream = beginning();
  await pipeline(Readable.from(Array.from({ length: 100 }, () => Buffer.alloc(1000, "x"))), stream);
  expect(stream.text()).toBe("x".repeat(4096));
});

import type Docker from "dockerode";
import { describe, expect, test } from "vitest";
import { foreignVolume } from "../../components/container-engine/hooks.ts";
import { lastOutput, plainOutput } from "../../components/container-engine/output.ts";

/** A piece of a container's output as the engine frames it: 1 is its standard output, 2 its standard error. */
const piece = (stream: 1 | 2, content: string) => {
  const header = Buffer.alloc(8);
  header.writeUInt8(stream);
  header.writeUInt32BE(Buffer.byteLength(content), 4);
  return Buffer.concat([header, Buffer.from(content)]);
};

describe("what a container printed", () => {
  test("is both streams in order, without frames, control characters and space around it", () => {
    const raw = Buffer.concat([piece(1, "\n one\n"), piece(2, "\u001b]0;title\u0007two\r\n"), piece(1, "thr\u0000ee ~ö\u007f\n\n")]);
    expect(plainOutput(raw)).toBe("one\n]0;titletwo\nthree ~");
  });

  test("ends where a piece breaks off, and may be nothing", () => {
    expect(plainOutput(Buffer.alloc(0))).toBe("");
    expect(plainOutput(Buffer.alloc(7))).toBe("");
    expect(plainOutput(Buffer.concat([piece(1, "one"), piece(1, "two").subarray(0, 9)]))).toBe("onet");
    expect(plainOutput(Buffer.concat([piece(1, "one"), piece(1, "")]))).toBe("one");
  });

  test("is asked for by its last lines, of both streams", async () => {
    const asked: unknown[] = [];
    const container = {
      logs: async (options: unknown) => {
        asked.push(options);
        return piece(2, "the cause\n");
      },
    } as unknown as Docker.Container;
    expect([await lastOutput(container), await lastOutput(container, 9)]).toEqual(["the cause", "the cause"]);
    expect(asked).toEqual([5, 9].map((tail) => ({ stdout: true, stderr: true, tail })));
  });
});

describe("a volume that is there already", () => {
  const labels = { created_by: "agent-sessions", stack: "p/s", session_id: "a" };
  const own = { Labels: labels, Options: {}, Driver: "local" };

  test("is its stack's own by its labels, whatever others it has", () => {
    expect(foreignVolume(own, labels)).toBeUndefined();
    expect(foreignVolume({ ...own, Options: null }, labels)).toBeUndefined();
    expect(foreignVolume({ Labels: { ...labels, more: "x" } }, labels)).toBeUndefined();
  });

  test.each([
    [{ ...own, Options: { type: "none" } }, "has options of its own, so its data may lie anywhere on the host"],
    [{ ...own, Driver: "nfs" }, "is kept by the driver nfs"],
    [{ ...own, Labels: null }, "was not made by agent-sessions"],
    [{ ...own, Labels: {} }, "was not made by agent-sessions"],
    [{ ...own, Labels: { ...labels, created_by: "somebody" } }, "was not made by agent-sessions"],
    [{ ...own, Labels: { ...labels, stack: "p/other" } }, 'belongs elsewhere (label stack is "p/other")'],
    [{ ...own, Labels: { created_by: "agent-sessions", stack: "p/s" } }, 'belongs elsewhere (label session_id is "")'],
  ])("is somebody else's where it is %j", (found, why) => {
    expect(foreignVolume(found, labels)).toBe(why);
  });

  test("without any labels is somebody else's, even where none is asked for", () => {
    expect(foreignVolume({ ...own, Labels: null }, {})).toBe("was not made by agent-sessions");
  });
});

import { createHash } from "node:crypto";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gunzipSync } from "node:zlib";
import { beforeEach, describe, expect, test } from "vitest";
import { archive } from "../../stacks/platforms/docker/cleanup/archive-file.ts";
import { temporaryFolder } from "../support/folder.ts";

/** What becomes a file, whatever the engine, the disk and earlier runs do. */

const end = Buffer.alloc(1024);
const tar = (text: string) => Buffer.concat([Buffer.alloc(512, text), end]);
const sum = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
let folder = "";
beforeEach(() => {
  folder = join(temporaryFolder("archive"), "deep/er");
});

/** A volume that is read in pieces. */
const source = (content: Buffer, reads: { count: number } = { count: 0 }) => ({
  name: "v",
  read: async () => {
    reads.count += 1;
    return Readable.from(Array.from({ length: Math.ceil(content.length / 100) }, (_, at) => content.subarray(at * 100, at * 100 + 100)));
  },
});
const files = () => readdirSync(folder).sort();

test.each([
  [undefined, "v.tar", (bytes: Buffer) => bytes],
  [9, "v.tar.gz", gunzipSync],
])("what was read is in the file, with its sum beside it, at level %s", async (level, name, unpack) => {
  const kept = await archive(source(tar("a")), { folder, ...(level !== undefined && { level }) });
  const bytes = readFileSync(join(folder, name));
  expect(unpack(bytes)).toEqual(tar("a"));
  expect(kept).toEqual({ path: join(folder, name), sha256: sum(bytes), size: bytes.length, made: true });
  expect(readFileSync(join(folder, `${name}.sha256`), "utf8")).toBe(`${sum(bytes)}  ${name}\n`);
  expect(files()).toEqual([name, `${name}.sha256`]);
});

describe("beside an archive of that name", () => {
  test("the same content is not kept twice, however it is packed now", async () => {
    const first = await archive(source(tar("a")), { folder, level: 1 });
    const reads = { count: 0 };
    expect(await archive(source(tar("a"), reads), { folder })).toEqual({ ...first, made: false });
    expect([files(), reads.count]).toEqual([["v.tar.gz", "v.tar.gz.sha256"], 1]);
  });

  test("other content gets another name, once", async () => {
    const first = await archive(source(tar("a")), { folder });
    const second = await archive(source(tar("b")), { folder });
    expect([second.made, second.path]).toEqual([true, join(folder, "v-2.tar")]);
    expect(await archive(source(tar("b")), { folder })).toEqual({ ...second, made: false });
    expect(await archive(source(tar("a")), { folder })).toEqual({ ...first, made: false });
  });

  test.each<[string, (path: string) => void]>([
    ["was changed", (path) => appendFileSync(path, "x")],
    ["was cut", (path) => writeFileSync(path, readFileSync(path).subarray(0, -5))],
    ["is empty", (path) => writeFileSync(path, "")],
    ["has lost its sum", (path) => rmSync(`${path}.sha256`)],
    ["has another's sum", (path) => writeFileSync(`${path}.sha256`, `${sum(Buffer.from("x"))}  v.tar.gz\n`)],
  ])("one that %s is taken for none, and left as it is", async (_, harm) => {
    const { path } = await archive(source(tar("a")), { folder, level: 6 });
    harm(path);
    const before = readFileSync(path);
    const again = await archive(source(tar("a")), { folder, level: 6 });
    expect([again.made, again.path]).toEqual([true, join(folder, "v-2.tar.gz")]);
    expect(readFileSync(path)).toEqual(before);
  });

  test("half of one, of a run that was killed, is no archive and goes", async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, ".v.tar.part"), "half");
    expect((await archive(source(tar("a")), { folder })).made).toBe(true);
    expect(files()).toEqual(["v.tar", "v.tar.sha256"]);
  });
});

describe("nothing is left of one that", () => {
  const failing = {
    name: "v",
    read: async () =>
      new Readable({
        read() {
          this.push(tar("a"));
          this.destroy(new Error("the engine went away"));
        },
      }),
  };
  test.each([
    ["the engine stopped sending", failing, "the engine went away"],
    ["does not end as a tar does", source(Buffer.alloc(2048, "a")), "the engine did not send all of it"],
    ["ends within a block", source(Buffer.concat([tar("a"), Buffer.alloc(100)])), "the engine did not send all of it"],
    ["is empty", source(Buffer.alloc(0)), "the engine did not send all of it"],
  ])("%s", async (_, from, message) => {
    await expect(archive(from, { folder, level: 6 })).rejects.toThrow(message);
    expect(files()).toEqual([]);
  });
});

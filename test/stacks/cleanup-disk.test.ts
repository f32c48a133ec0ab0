import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { beforeEach, expect, test, vi } from "vitest";
import { archive } from "../../stacks/platforms/docker/cleanup/archive-file.ts";
import { temporaryFolder } from "../support/folder.ts";

/** What is asked of the disk on which archives lie, and what becomes of them when it keeps something else. */

const disk = vi.hoisted(() => ({ asked: [] as string[], flips: false }));

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  return {
    ...real,
    open: async (path: string, ...rest: []) => {
      const file = await real.open(path, ...rest);
      const sync = file.sync.bind(file);
      file.sync = async () => {
        disk.asked.push(`sync ${basename(path)}`);
        await sync();
      };
      return file;
    },
    rename: async (from: string, to: string) => {
      disk.asked.push(`rename ${basename(to)}`);
      await real.rename(from, to);
    },
  };
});
vi.mock("node:fs", async (original) => {
  const real = await original<typeof import("node:fs")>();
  const flipped = (path: string) => {
    const bytes = real.readFileSync(path);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    return Readable.from([bytes]);
  };
  return { ...real, createReadStream: (path: string) => (disk.flips ? flipped(path) : real.createReadStream(path)) };
});

const content = Buffer.concat([Buffer.alloc(512, "a"), Buffer.alloc(1024)]);
const source = { name: "v", read: async () => Readable.from([content]) };
let folder = "";
beforeEach(() => {
  folder = temporaryFolder("disk");
  Object.assign(disk, { asked: [], flips: false });
});

test("an archive has its name only when it and its sum are on the disk, and then that name is", async () => {
  await archive(source, { folder });
  expect(disk.asked).toEqual([
    "sync .v.tar.part",
    "sync .v.tar.sha256.part",
    "rename v.tar.sha256",
    "rename v.tar",
    `sync ${basename(folder)}`,
  ]);
});

test("what is read back otherwise is no archive", async () => {
  disk.flips = true;
  await expect(archive(source, { folder })).rejects.toThrow("what was read back is not what was written; look at that disk");
  expect(readdirSync(folder)).toEqual([]);
  disk.flips = false;
  const { path } = await archive(source, { folder });
  expect(readFileSync(path)).toEqual(content);
});

import { createHash, type Hash } from "node:crypto";
import { createReadStream, mkdirSync, rmSync } from "node:fs";
import { open, readFile, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Readable, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import type { ArchiveSetting } from "../../../settings/cleanup.ts";
import type { Archived } from "../../cleanup.ts";

/** A volume that is to be kept as a file. */
export interface ArchiveSource {
  /** The beginning of the file's name. */
  readonly name: string;
  /** What the volume holds, as a tar. Read more than once, each time from the beginning. */
  read(): Promise<Readable>;
}

/** What a tar holds, whatever it is packed in. */
interface Content {
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** It ends as a whole tar does: with two empty blocks. */
  readonly whole: boolean;
}

/**
 * Keeps a volume as a file. It has its name only when all of it was written, forced to the disk, read back and compared with what
 * was to be written, so whatever has the name is whole. What an earlier run has kept of the same content is not kept twice.
 *
 * @param told of the bytes that were read, now and then
 * @throws Error when it cannot be kept; nothing of it is left then
 */
export async function archive(
  source: ArchiveSource,
  { folder, level }: ArchiveSetting,
  told: (bytes: number) => void = () => {},
): Promise<Archived> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let content: Content | undefined;
  for (let number = 1; ; number += 1) {
    const stem = join(folder, number === 1 ? source.name : `${source.name}-${number}`);
    const present = await firstOf([`${stem}.tar`, `${stem}.tar.gz`]);
    if (present === undefined) return write(source, level === undefined ? `${stem}.tar` : `${stem}.tar.gz`, level, told);
    content ??= await contentOf(await source.read(), told);
    const kept = await checked(present, content);
    if (kept !== undefined) return kept;
  }
}

async function firstOf(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const file = await open(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
    await file?.close();
    if (file !== undefined) return path;
  }
  return undefined;
}

/** What a file is called until it is whole. */
const partOf = (path: string) => join(dirname(path), `.${basename(path)}.part`);
const sumFile = (path: string) => `${path}.sha256`;

/** An archive that is there, when it is as it was written and holds this content. */
async function checked(path: string, content: Content): Promise<Archived | undefined> {
  const sum = await readFile(sumFile(path), "utf8").catch(() => "");
  const found = await readBack(path).catch(() => undefined);
  if (found === undefined || !sum.startsWith(found.file.sha256) || found.content.sha256 !== content.sha256) return undefined;
  return { path, sha256: found.file.sha256, size: found.file.size, made: false };
}

async function write(source: ArchiveSource, path: string, level: number | undefined, told: (bytes: number) => void): Promise<Archived> {
  const part = partOf(path);
  // Of a run that was killed.
  rmSync(part, { force: true });
  try {
    const content = new Measured(told);
    const file = new Measured();
    const target = await open(part, "wx", 0o600);
    try {
      const sink = new Writable({ write: (chunk: Buffer, _, done) => void writeAll(target, chunk).then(() => done(), done) });
      const packed = level === undefined ? [] : [createGzip({ level })];
      await pipeline([await source.read(), content, ...packed, file, sink]);
      await target.sync();
    } finally {
      await target.close();
    }
    const [wanted, written] = [content.result(), file.result()];
    if (!wanted.whole) throw new Error("the engine did not send all of it");
    const found = await readBack(part);
    if (found.file.sha256 !== written.sha256 || found.content.sha256 !== wanted.sha256)
      throw new Error("what was read back is not what was written; look at that disk");
    await writeDurably(sumFile(path), `${written.sha256}  ${basename(path)}\n`);
    await rename(part, path);
    await syncFolder(dirname(path));
    return { path, sha256: written.sha256, size: written.size, made: true };
  } catch (error) {
    rmSync(part, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(code === "ENOSPC" || code === "EDQUOT" ? `${dirname(path)} has no room for it` : message);
  }
}

/** A write may take less than it is given. */
async function writeAll(file: Awaited<ReturnType<typeof open>>, chunk: Buffer): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten;
}

async function writeDurably(path: string, text: string): Promise<void> {
  const part = partOf(path);
  rmSync(part, { force: true });
  const file = await open(part, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, path);
}

/** Without it a new name may be gone after a crash. */
async function syncFolder(folder: string): Promise<void> {
  const opened = await open(folder);
  try {
    await opened.sync();
  } finally {
    await opened.close();
  }
}

async function readBack(path: string): Promise<{ readonly file: Content; readonly content: Content }> {
  const file = new Measured();
  const content = new Measured();
  const first = Buffer.alloc(2);
  const opened = await open(path);
  await opened.read(first, 0, 2, 0);
  await opened.close();
  const packed = first.equals(Buffer.from([0x1f, 0x8b]));
  await pipeline([createReadStream(path), file, ...(packed ? [createGunzip()] : []), content, nowhere()]);
  return { file: file.result(), content: content.result() };
}

async function contentOf(stream: Readable, told: (bytes: number) => void): Promise<Content> {
  const content = new Measured(told);
  await pipeline([stream, content, nowhere()]);
  return content.result();
}

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });

/** Two empty blocks end a tar. */
const ending = 1024;

/** Passes bytes on, and knows afterwards what they were. */
class Measured extends Transform {
  readonly #hash: Hash = createHash("sha256");
  readonly #told: (bytes: number) => void;
  #size = 0;
  #last = Buffer.alloc(0);

  constructor(told: (bytes: number) => void = () => {}) {
    super();
    this.#told = told;
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    this.#hash.update(chunk);
    this.#size += chunk.length;
    this.#last = Buffer.concat([this.#last, chunk.subarray(-ending)]).subarray(-ending);
    this.#told(this.#size);
    done(null, chunk);
  }

  result(): Content {
    const whole = this.#size % 512 === 0 && this.#last.length === ending && this.#last.every((byte) => byte === 0);
    return { sha256: this.#hash.digest("hex"), size: this.#size, whole };
  }
}

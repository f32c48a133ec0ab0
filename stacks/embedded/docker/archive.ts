/** A file that goes into a container before it starts, as the provider takes it. */
export interface UploadInput {
  /** Absolute path in the container. */
  readonly file: string;
  readonly content: string;
  /** Octal. @default 0644 */
  readonly permissions?: string;
}

const block = 512;

/** Files of root's as a tar archive for the engine. @throws Error for a path that the format cannot hold */
export function archiveOf(uploads: readonly UploadInput[]): Buffer {
  const files = uploads.flatMap(({ file, content, permissions = "0644" }) => {
    const bytes = Buffer.from(content);
    return [header(file.replace(/^\/+/, ""), bytes.length, permissions), bytes, Buffer.alloc((block - (bytes.length % block)) % block)];
  });
  // Two empty blocks are the end.
  return Buffer.concat([...files, Buffer.alloc(2 * block)]);
}

/** A file's header in the POSIX form (ustar): texts and octal numbers in fixed places. */
function header(name: string, size: number, permissions: string): Buffer {
  if (Buffer.byteLength(name) > 100) throw new Error(`${name}: the path is too long to upload`);
  const bytes = Buffer.alloc(block);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  bytes.write(name, 0);
  bytes.write(octal(Number.parseInt(permissions, 8), 7), 100);
  bytes.write(octal(0, 7), 108);
  bytes.write(octal(0, 7), 116);
  bytes.write(octal(size, 11), 124);
  bytes.write(octal(0, 11), 136);
  // The sum is taken with blanks in its own place.
  bytes.write(" ".repeat(8), 148);
  bytes.write("0", 156);
  bytes.write("ustar\u000000", 257, "latin1");
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return bytes;
}

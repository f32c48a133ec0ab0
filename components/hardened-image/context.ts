import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join, relative } from "node:path";

/** Where prepared build contexts are kept, below the project's root. */
const contextsFolder = ".agent-sessions/contexts";

/** The file in a build context that the Dockerfile takes further certificates from. */
export const caBundleFile = "ca-bundle.crt";

/** All files below a folder, sorted, as paths relative to it. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** A hash of the names, contents and execute bits of all files below a folder. */
export function hashFolder(folder: string): string {
  const hash = createHash("sha256");
  for (const file of filesBelow(folder)) {
    const path = join(folder, file);
    hash
      .update(`${file}\0${statSync(path).mode & 0o111 ? "x" : "-"}\0`)
      .update(readFileSync(path))
      .update("\0");
  }
  return hash.digest("hex");
}

/** A folder to build from, relative to the project's root, and what its content hashes to. */
export interface BuildContext {
  readonly folder: string;
  readonly hash: string;
}

/**
 * The build context of an image. With a CA bundle it is a copy that holds the bundle, in a folder named by its content, since
 * both engines hash what lies in the folder; it is written once, whole, and never changed.
 *
 * @param source folder of the image, relative to the project's root, which is the working directory
 * @throws Error when the bundle cannot be read
 */
export function buildContext(source: string, caBundle?: string): BuildContext {
  const hash = createHash("sha256").update(hashFolder(source));
  if (caBundle === undefined) return { folder: source, hash: hash.digest("hex") };

  const digest = hash.update(readFileSync(caBundle)).digest("hex");
  const folder = join(contextsFolder, digest.slice(0, 16));
  if (!existsSync(folder)) {
    const partial = `${folder}.${process.pid}`;
    mkdirSync(contextsFolder, { recursive: true });
    cpSync(source, partial, { recursive: true });
    copyFileSync(caBundle, join(partial, caBundleFile));
    try {
      renameSync(partial, folder);
    } catch (error) {
      // Another run made the same folder meanwhile.
      rmSync(partial, { recursive: true });
      if (!existsSync(folder)) throw error;
    }
  }
  return { folder, hash: digest };
}

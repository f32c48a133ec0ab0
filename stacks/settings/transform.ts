import { statSync } from "node:fs";
import { fromHome } from "../../components/session-volumes/host-path.ts";
import { type HostPath, hostPath } from "./host-paths.ts";
import { sentence, shown } from "./sentences.ts";
import type { StrategySetting } from "./strategy.ts";

/** A file of the user's own that may change what the program asks for. */
export interface TransformFile {
  /** The key that names it. */
  readonly key: string;
  /** As the key names it. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
}

/** Who may write the file, or put another in its place, runs code as whoever deploys. */
export function resolveTransform(
  { name: strategy, transform }: Pick<StrategySetting, "name" | "transform">,
  root: string,
  mistakes: string[],
): { readonly file?: TransformFile; readonly hostPaths: readonly HostPath[] } {
  if (transform === undefined) return { hostPaths: [] };
  const key = `${strategy}.transform`;
  const path = fromHome(transform, root);
  const refuse = (rest: string) => mistakes.push(sentence([strategy, "transform"], transform, rest));
  if (!/\.[mc]?[jt]s$/.test(path)) refuse("is not a file of TypeScript or JavaScript; name one that ends in .ts or .js");
  else if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) refuse("is not a file that is there; name one, or remove the key");
  return { file: { key, name: transform, path }, hostPaths: [hostPath(path, { named: `${key}: ${shown(transform)}`, writable: false })] };
}

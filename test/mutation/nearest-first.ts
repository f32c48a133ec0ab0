import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { BaseSequencer, type Reporter, type TestModule, type TestSpecification } from "vitest/node";

/** Imports of a file's own neighbours, as this code writes them all. */
const ownImports = /(?:from|import)\s*\(?\s*"(\.[^"]+\.ts)"/g;

const imports = new Map<string, readonly string[]>();

function importsOf(file: string): readonly string[] {
  let found = imports.get(file);
  if (found === undefined) {
    const code = existsSync(file) ? readFileSync(file, "utf8") : "";
    found = [...code.matchAll(ownImports)].map(([, path = ""]) => join(dirname(file), path));
    imports.set(file, found);
  }
  return found;
}

/** How many imports lie between a file and the nearest of others; infinite where none does. */
function distance(from: string, to: ReadonlySet<string>): number {
  const seen = new Set([from]);
  let level: readonly string[] = [from];
  for (let steps = 0; level.length > 0; steps += 1) {
    if (level.some((file) => to.has(file))) return steps;
    level = level.flatMap(importsOf).filter((file) => !seen.has(file) && seen.add(file));
  }
  return Number.POSITIVE_INFINITY;
}

const distances = new Map<string, number>();

function distanceOf(test: string, changed: readonly string[]): number {
  const key = JSON.stringify([test, changed]);
  const known = distances.get(key) ?? distance(test, new Set(changed));
  distances.set(key, known);
  return known;
}

/** How often a file of tests noticed a change of a file; both as keys. */
const noticed = new Map<string, number>();

const noticedBy = (test: string, changed: readonly string[]): number => noticed.get(JSON.stringify([test, changed])) ?? 0;

let changedNow: readonly string[] = [];

/**
 * A mutant dies at its first failure, so the files of tests that noticed most changes of the same file come first, then those that
 * are nearest to it by imports, then the small ones.
 */
export class NearestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    changedNow = this.ctx.config.related ?? [];
    return files
      .map((file) => ({
        file,
        noticed: noticedBy(file.moduleId, changedNow),
        distance: distanceOf(file.moduleId, changedNow),
        size: statSync(file.moduleId).size,
      }))
      .sort((one, other) => other.noticed - one.noticed || one.distance - other.distance || one.size - other.size)
      .map(({ file }) => file);
  }
}

/** Remembers which files of tests noticed a change, and writes nothing. */
export const rememberWhoNoticed: Reporter = {
  onTestModuleEnd(module: TestModule): void {
    if (module.ok()) return;
    const key = JSON.stringify([module.moduleId, changedNow]);
    noticed.set(key, (noticed.get(key) ?? 0) + 1);
  },
};

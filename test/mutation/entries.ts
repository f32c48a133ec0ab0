import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { createVitest } from "vitest/node";
import { type Mutant, onOneLine } from "./mutants.ts";
import { isChosen, type Sample } from "./sample.ts";

/** Code to leave out of a file. */
interface Cut {
  readonly start: number;
  readonly end: number;
}

/**
 * Leaves single entries of lists, sets, objects and patterns out, one at a time, which Stryker does with texts alone: an entry that
 * is a number, a list, a call or an alternative of a regular expression can vanish as well.
 */
export async function entryMutants(files: readonly string[], root: string, sample: Sample): Promise<Mutant[]> {
  if (files.length === 0) return [];
  const mutants: Mutant[] = [];
  let changed: { readonly path: string; readonly code: string } | undefined;
  const vitest = await createVitest(
    "test",
    { config: join(root, "test/mutation/vitest.config.ts"), root, watch: false, bail: 1, maxWorkers: 1 },
    { plugins: [{ name: "entry", enforce: "pre", load: (id) => (changed?.path === id.split("?")[0] ? changed?.code : undefined) }] },
  );
  try {
    for (const file of files) {
      const path = join(root, file);
      const code = readFileSync(path, "utf8");
      vitest.config.related = [path];
      const tests = await vitest.getRelevantTestSpecifications();
      for (const { start, end } of cutsOf(code)) {
        const line = code.slice(0, start).split("\n").length;
        if (!isChosen(file, line, sample)) continue;
        changed = { path, code: code.slice(0, start) + code.slice(end) };
        vitest.invalidateFile(path);
        const { testModules } = await vitest.runTestSpecifications(tests);
        const killed = tests.length > 0 && testModules.some((module) => !module.ok());
        mutants.push({ file, line, before: onOneLine(code.slice(start, end)), after: "", killed });
        process.stderr.write(killed ? "." : "S");
      }
      changed = undefined;
      vitest.invalidateFile(path);
    }
  } finally {
    await vitest.close();
  }
  return mutants;
}

/** What can be left out of a file so that it still is a program. */
export function cutsOf(code: string): Cut[] {
  const source = ts.createSourceFile("file.ts", code, ts.ScriptTarget.Latest, true);
  const cuts: Cut[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isArrayLiteralExpression(node)) cuts.push(...entriesOf(node.elements));
    if (ts.isObjectLiteralExpression(node)) cuts.push(...entriesOf(node.properties));
    if (node.kind === ts.SyntaxKind.RegularExpressionLiteral) cuts.push(...alternativesOf(node.getText(), node.getStart()));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return cuts;
}

/** Entries with the comma behind them, but for those that Stryker changes by themselves. */
function entriesOf(nodes: ts.NodeArray<ts.Node>): Cut[] {
  return nodes.flatMap((node) => {
    const value = ts.isPropertyAssignment(node) ? node.initializer : node;
    if (ts.isStringLiteralLike(value) || ts.isTemplateExpression(value) || isBoolean(value) || ts.isMethodDeclaration(value)) return [];
    const rest = node.getSourceFile().text.slice(node.end);
    return [{ start: node.getStart(), end: node.end + (/^\s*,/.exec(rest)?.[0].length ?? 0) }];
  });
}

const isBoolean = ({ kind }: ts.Node): boolean => kind === ts.SyntaxKind.TrueKeyword || kind === ts.SyntaxKind.FalseKeyword;

/** Each alternative of a regular expression with one bar beside it. */
function alternativesOf(pattern: string, at: number): Cut[] {
  const groups: { start: number; bars: number[]; end: number }[] = [];
  const open: { start: number; bars: number[]; end: number }[] = [{ start: 1, bars: [], end: pattern.lastIndexOf("/") }];
  let inClass = false;
  for (let index = 1; index < pattern.lastIndexOf("/"); index += 1) {
    const letter = pattern[index];
    if (letter === "\\") index += 1;
    else if (inClass) inClass = letter !== "]";
    else if (letter === "[") inClass = true;
    else if (letter === "(")
      open.push({ start: index + (/^\((\?(:|=|!|<=|<!|<\w+>))?/.exec(pattern.slice(index))?.[0].length ?? 1), bars: [], end: 0 });
    else if (letter === "|") open.at(-1)?.bars.push(index);
    else if (letter === ")") groups.push({ ...(open.pop() as (typeof open)[number]), end: index });
  }
  return [...groups, ...open].flatMap(({ start, bars, end }) =>
    bars.length === 0
      ? []
      : [...bars, end].map((bar, place) => {
          const first = place === 0 ? start : (bars[place - 1] as number);
          return { start: at + first, end: at + (place === 0 ? bar + 1 : bar) };
        }),
  );
}

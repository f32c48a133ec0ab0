import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

/**
 * How long files and functions may be. One that is longer says why in a comment that begins with `Long:`, a file in its first
 * five lines, a function above its first line or in it.
 */
const most = { file: 250, function: 60 } as const;
const reason = /(^|\s)(\/\/|#|\/?\*+) ?Long: \S/;

/** Lines from `from` on, before `to`. */
interface Piece {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

function functionsOfTypeScript(text: string): Piece[] {
  const source = ts.createSourceFile("", text, ts.ScriptTarget.Latest, true);
  const lineOf = (position: number) => source.getLineAndCharacterOfPosition(position).line;
  const found: Piece[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && "body" in node && node.body !== undefined)
      found.push({ name: node.name?.getText(source) ?? "without a name", from: lineOf(node.getStart(source)), to: lineOf(node.end) + 1 });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function functionsOfShell(text: string): Piece[] {
  const lines = text.split("\n");
  return lines.flatMap((line, from) => {
    const name = /^(?:function )?([\w-]+) ?\(\) ?[{(]/.exec(line)?.[1];
    const end = lines.findIndex((other, index) => index > from && /^[})]/.test(other));
    return name === undefined ? [] : [{ name, from, to: end < 0 ? lines.length : end + 1 }];
  });
}

/** What is too long in a text, and says no reason. */
function tooLong(text: string, functions: readonly Piece[]): string[] {
  const lines = text.replace(/\n$/, "").split("\n");
  const explained = (from: number, to: number) => lines.slice(Math.max(0, from), to).some((line) => reason.test(line));
  const long = functions.filter(({ from, to }) => to - from > most.function && !explained(from - 1, to));
  return [
    ...(lines.length > most.file && !explained(0, 5) ? [`${lines.length} lines`] : []),
    ...long.map(({ name, from, to }) => `${name}: ${to - from} lines from ${from + 1} on`),
  ];
}

const root = fileURLToPath(new URL("..", import.meta.url));
const files = ["stacks", "components", "policy", "images"].flatMap((room) =>
  readdirSync(join(root, room), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name))),
);

test("every file and function is short, or says why it is not", () => {
  const judged = files.flatMap((file) => {
    if (file.endsWith(".ts")) return [{ file, functions: functionsOfTypeScript }];
    const isShell = file.endsWith(".sh") || /^#!.*\b(ba)?sh\b/.test(readFileSync(join(root, file), "utf8"));
    return isShell ? [{ file, functions: functionsOfShell }] : [];
  });
  expect(judged.length).toBeGreaterThan(300);
  expect(judged.filter(({ functions }) => functions === functionsOfShell).length).toBeGreaterThan(20);
  const long = judged.flatMap(({ file, functions }) => {
    const text = readFileSync(join(root, file), "utf8");
    return tooLong(text, functions(text)).map((what) => `${file}: ${what}`);
  });
  expect(long).toEqual([]);
});

test("what is too long is found in either language, and a reason is read where it stands", () => {
  const body = "  1;\n".repeat(60);
  const script = `function long() {\n${body}}\nconst short = () => {\n};\n`;
  expect(tooLong(script, functionsOfTypeScript(script))).toEqual(["long: 62 lines from 1 on"]);
  for (const said of [`// Long: it is.\n${script}`, script.replace("{\n", "{\n  // Long: it is.\n"), `/** Long: it is. */\n${script}`])
    expect(tooLong(said, functionsOfTypeScript(said))).toEqual([]);
  const shell = `# Long, as it is.\nlong() {\n${body}}\nshort() {\n}\n`;
  expect(tooLong(shell, functionsOfShell(shell))).toEqual(["long: 62 lines from 2 on"]);
  expect(tooLong(`# Long: a list.\n${"1\n".repeat(250)}`, [])).toEqual([]);
  expect(tooLong(`${"1\n".repeat(251)}# Long: too late.\n`, [])).toEqual(["252 lines"]);
});

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/** The order of the rooms: what may import what, and where things lie. */

const root = fileURLToPath(new URL("..", import.meta.url));
const rooms = ["stacks", "components", "policy"];

function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|js)$/.test(entry.name) && !entry.parentPath.includes("node_modules"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

const sources = rooms.flatMap(sourcesIn);
const text = (file: string) => readFileSync(join(root, file), "utf8");
const code = (file: string) => text(file).replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, "");

/** Every import of a file of ours: static, dynamic, re-exported, for its effect. */
const imports = sources.flatMap((from) =>
  [...code(from).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["'](\.[^"']*)["']/g)].map(([, path = ""]) => ({
    from,
    to: relative(root, resolve(root, dirname(from), path)),
  })),
);
const room = (file: string) => file.split("/")[0] ?? "";

test("every import leads to a file, with its ending, so none escaped the tests below", () => {
  expect(imports.length).toBeGreaterThan(200);
  expect(imports.filter(({ to }) => !existsSync(join(root, to)) || !/\.(ts|js|json)$/.test(to))).toEqual([]);
});

test("imports flow one way: stacks to components to the baseline, and stacks to the policy", () => {
  const allowed: Record<string, (to: string) => boolean> = {
    stacks: (to) => rooms.includes(room(to)),
    components: (to) => room(to) === "components" || to === "policy/baseline.ts",
    policy: (to) => room(to) === "policy",
  };
  expect(imports.filter(({ from, to }) => !allowed[room(from)]?.(to))).toEqual([]);
});

test("only the policy pack's entry imports the pack, since making one starts a server", () => {
  expect(imports.filter(({ to }) => to === "policy/pack.ts").map(({ from }) => from)).toEqual(["policy/index.js"]);
  expect(sources.filter((file) => /new PolicyPack\(/.test(code(file)))).toEqual(["policy/pack.ts"]);
});

test("only the entry reads the Pulumi configuration", () => {
  expect(sources.filter((file) => /\ballConfig\(|new (pulumi\.)?Config\(/.test(code(file)))).toEqual(["stacks/index.ts"]);
});

test("the folders at the top are the rooms", () => {
  const folders = readdirSync(root, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules",
  );
  expect(folders.map(({ name }) => name).sort()).toEqual(["components", "images", "policy", "stacks", "test"]);
});

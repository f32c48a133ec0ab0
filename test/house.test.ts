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

/** The rooms within stacks, each below those that may ask it. */
const floors: readonly (readonly string[])[] = [
  ["units", "near", "streams", "authority", "printable", "lock", "identity", "late-packages", "configuration"],
  ["egress-sets"],
  ["settings", "schema", "controls"],
  ["secrets", "secret-faults", "policy-config", "demo"],
  ["runtime"],
  ["transform"],
  ["strategies", "deploy"],
  ["recorder"],
  ["embedded"],
  ["platforms"],
  ["verify"],
  ["cli"],
  ["index"],
];

test("no arrow leads up within the stacks", () => {
  const floor = (file: string) => {
    const name = file.split("/")[1]?.replace(/\.(ts|js|schema\.json)$/, "") ?? "";
    return floors.findIndex((rooms) => rooms.includes(name));
  };
  const within = imports.filter(({ from, to }) => room(from) === "stacks" && room(to) === "stacks");
  expect([...new Set(within.flatMap(({ from, to }) => [from, to]))].filter((file) => floor(file) < 0)).toEqual([]);
  expect(within.filter(({ from, to }) => floor(from) < floor(to))).toEqual([]);
});

test("no file comes to import itself, be it for a type", () => {
  const next = Map.groupBy(imports, ({ from }) => from);
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, way: readonly string[]): void => {
    if (way.includes(file)) return void circles.push([...way.slice(way.indexOf(file)), file].join(" -> "));
    if (done.has(file) || !sources.includes(file)) return;
    for (const { to } of next.get(file) ?? []) visit(to, [...way, file]);
    done.add(file);
  };
  for (const file of sources) visit(file, []);
  expect(circles).toEqual([]);
});

/** Where Docker's own files are, and those of its swarms: whatever is called so, and the applier of its registrations. */
const dockers = /(^|\/)(docker|swarm)(\.ts$|\/)|^components\/container-engine\/|^stacks\/embedded\//;
test("only Docker's own files import its client or its provider", () => {
  const importers = sources.filter((file) => /\b(from|import)\s*\(?\s*["'](dockerode|@pulumi\/docker)["'/]/.test(code(file)));
  expect(importers.length).toBeGreaterThan(20);
  expect(importers.filter((file) => !dockers.test(file))).toEqual([]);
});

/** Where Kubernetes' own files are. */
const clusters = /(^|\/)kubernetes(\.ts$|\/)|^components\/(cluster|namespace)\/|^components\/session-container\/(pool|pod-spec)\.ts$/;
test("only Kubernetes' own files import its client or its provider", () => {
  const importers = sources.filter((file) =>
    /\b(from|import)\s*\(?\s*["'](@kubernetes\/client-node|@pulumi\/kubernetes)["'/]/.test(code(file)),
  );
  expect(importers.length).toBeGreaterThan(15);
  expect(importers.filter((file) => !clusters.test(file))).toEqual([]);
});

/** Where Fargate's own files are. */
const fargates = /(^|\/)ecs(\.ts$|\/)|^components\/fargate\//;
test("only Fargate's own files import AWS's clients or its provider", () => {
  const importers = sources.filter((file) => /\b(from|import)\s*\(?\s*["'](@aws-sdk\/|@pulumi\/aws["'/])/.test(code(file)));
  expect(importers.length).toBeGreaterThan(0);
  expect(importers.filter((file) => !fargates.test(file))).toEqual([]);
});

test("the commands, and verify, speak to no platform but through what every platform has", () => {
  const speakers = sources.filter((file) => /^stacks\/(cli|verify)\//.test(file));
  expect(speakers.length).toBeGreaterThan(60);
  expect(imports.filter(({ from, to }) => speakers.includes(from) && dockers.test(to))).toEqual([]);
});

test("whatever is of one platform is loaded by what picks the platform, and by its own", () => {
  const loaders = imports.filter(({ from, to }) => /^stacks\/platforms\/docker/.test(to) && !dockers.test(from));
  expect(loaders).toEqual([{ from: "stacks/platforms/index.ts", to: "stacks/platforms/docker.ts" }]);
});

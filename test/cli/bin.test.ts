import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** In a fresh clone npx takes the project's own; once the packages are there it finds the link, which spares it two seconds. */
test("npx finds the command, with the packages and without", () => {
  const read = (file: string) => JSON.parse(readFileSync(join(root, file), "utf8"));
  const { bin, dependencies } = read("package.json");
  const { packages } = read("package-lock.json");
  const linked = read("stacks/cli/bin/package.json");
  expect([bin, dependencies[linked.name], packages[`node_modules/${linked.name}`]]).toEqual([
    { sessions: `stacks/cli/bin/${linked.bin.sessions}` },
    "file:stacks/cli/bin",
    { resolved: "stacks/cli/bin", link: true },
  ]);
  expect(statSync(join(root, bin.sessions)).mode & 0o111).toBe(0o111);
});

test("it runs from any folder, and prints nothing but JSON where that is asked for", () => {
  const run = (...args: string[]) =>
    execFileSync(join(root, "stacks/cli/bin/sessions.js"), args, {
      cwd: "/",
      encoding: "utf8",
      env: { ...process.env, PATH: `${join(process.execPath, "..")}:${process.env.PATH}`, DOCKER_HOST: "unix:///nowhere" },
    });
  expect(JSON.parse(run("plan", "--json"))).toMatchObject({ refusals: [] });
  expect(run("--help")).toMatch(/^Usage: npx sessions /);
});

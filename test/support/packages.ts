/** Tools and schemas of others that tests judge by: kept in `.agent-sessions/judges` between runs, never in the project. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { missing } from "./missing.ts";

const folder = fileURLToPath(new URL("../../.agent-sessions/judges", import.meta.url));

/** Makes a folder once, whole or not at all. @returns its path, or undefined, with the reason printed, when it cannot be made */
function once(name: string, what: readonly string[], make: (path: string) => string | undefined): string | undefined {
  const path = join(folder, `${name}-${createHash("sha256").update(what.join("\n")).digest("hex").slice(0, 12)}`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  const fault = make(unfinished);
  if (fault === undefined && !existsSync(path)) renameSync(unfinished, path);
  rmSync(unfinished, { recursive: true, force: true });
  if (fault === undefined) return path;
  missing(`${what.join(", ")} cannot be had: ${fault}`);
  return undefined;
}

function run(program: string, args: readonly string[], cwd = folder): string | undefined {
  const { status, error, stderr = "" } = spawnSync(program, args, { cwd, encoding: "utf8", timeout: 600_000 });
  return status === 0 ? undefined : (error?.message ?? stderr.trim().split("\n").at(-1) ?? `${program} ended with ${status}`);
}

/**
 * Packages of PyPI, pinned, in a folder of their own.
 *
 * @returns the folder that Python finds them in (`PYTHONPATH`), their programs below its `bin`; undefined when it cannot be made
 */
export function pythonPackages(...packages: readonly string[]): string | undefined {
  return once("python", packages, (path) =>
    run("python3", ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", path, ...packages]),
  );
}

/** A package of npm, pinned, without what it depends on. @returns its folder; undefined when it cannot be had */
export function npmPackage(specification: string): string | undefined {
  return once("npm", [specification], (path) => {
    mkdirSync(path);
    return (
      run("npm", ["pack", "--silent", specification], path) ?? run("sh", ["-c", "tar -xzf *.tgz --strip-components=1 && rm *.tgz"], path)
    );
  });
}

/** A program of a Go module, pinned. @returns the folder that it is in; undefined when it cannot be had */
export const goProgram = (specification: string): string | undefined =>
  once("go", [specification], (path) => run("env", [`GOBIN=${path}`, "CGO_ENABLED=0", "go", "install", specification]));

/** Runs Python with packages. @throws Error with what it wrote, when it fails */
export function python(packages: string, script: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync("python3", ["-c", script, ...args], {
    encoding: "utf8",
    env: { ...process.env, PYTHONPATH: packages },
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

// node stacks/cli/bootstrap.js <script.ts | vitest> ARGUMENT...
//
// The way in from a fresh clone: installs the packages when they are missing or older than package-lock.json, finds a
// Node that runs TypeScript, and hands over to it. Plain JavaScript without dependencies, so that Node 18 can read it.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import module from "node:module";
import { constants } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import "../late-packages.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const cache = join(root, "node_modules", ".cache", "node-compile");
const wanted = "22.18";

// Standard output belongs to the command: it may be read by a program.
const say = (line) => process.stderr.write(`${line}\n`);

function fail(sentence) {
  say(sentence);
  process.exit(1);
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** The first package that is missing or has another version than package-lock.json says; undefined when all fit. */
function misfit() {
  const lock = readJson(join(root, "package-lock.json"));
  if (lock === undefined) fail("package-lock.json is missing or no JSON; restore it with: git checkout package-lock.json");
  // npm writes this file last, so an installation that was killed has none.
  const installed = readJson(join(root, "node_modules", ".package-lock.json"))?.packages ?? {};
  return Object.entries(lock.packages).find(
    ([path, { version, optional, devOptional, link }]) =>
      path !== "" && !link && !optional && !devOptional && installed[path]?.version !== version,
  )?.[0];
}

function npm(args) {
  // npm's progress goes to standard error; what it prints when it is done does too.
  const { status, error } = spawnSync("npm", [...args, "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (error) fail(`npm cannot be started (${error.message}); install it together with Node.`);
  return status === 0;
}

function isNewEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  const [needMajor, needMinor] = wanted.split(".").map(Number);
  return major > needMajor || (major === needMajor && minor >= needMinor);
}

/** The path of a Node that runs TypeScript. */
function findNode() {
  const folder = join(root, "node_modules", ".cache", "node");
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const candidates = [join(root, "node_modules", "node", "bin", "node"), join(folder, "node_modules", name, "bin", "node")];
  const found = () =>
    candidates.find((path) => {
      const { status, stdout } = existsSync(path) ? spawnSync(path, ["-p", "process.versions.node"], { encoding: "utf8" }) : {};
      return status === 0 && isNewEnough(stdout.trim());
    });
  // The package `node` fetches its program in an install script, which npm may be told not to run.
  const version = readJson(join(root, "package-lock.json"))?.packages?.["node_modules/node"]?.version;
  const path = found() ?? (install(folder, `${name}@${version}`) ? found() : undefined);
  if (path === undefined)
    fail(`This is Node ${process.versions.node}, and the project needs ${wanted} or newer; install it from https://nodejs.org.`);
  return path;
}

function install(folder, specification) {
  say(`Fetching Node (${specification}), because this one is ${process.versions.node} …`);
  return npm(["install", "--prefix", folder, "--no-save", "--ignore-scripts", specification]);
}

const [target, ...args] = process.argv.slice(2);
if (target === undefined) fail("Write: node stacks/cli/bootstrap.js <script.ts | vitest> ARGUMENT...");

const missing = misfit();
if (missing !== undefined) {
  say(`Installing the packages of package-lock.json (npm ci), because ${missing} is missing or of another version …`);
  if (!npm(["ci"])) fail("npm ci failed (see above); the usual cause is a registry that cannot be reached: check it with npm ping.");
}

const script = target === "vitest" ? join(root, "node_modules", "vitest", "vitest.mjs") : resolve(target);
process.env.NODE_COMPILE_CACHE ??= cache;

if (isNewEnough(process.versions.node)) {
  // No second process: it would cost 40 ms and a hop for every signal.
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  process.argv = [process.argv[0], script, ...args];
  await import(pathToFileURL(script).href);
} else {
  const child = spawn(findNode(), [script, ...args], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]) {
    process.on(signal, () => {
      // Keys on the terminal reach the child by themselves.
      const fromTerminal = process.stdin.isTTY && (signal === "SIGINT" || signal === "SIGQUIT");
      if (!fromTerminal) child.kill(signal);
    });
  }
  child.on("error", (error) => fail(`${script} cannot be started: ${error.message}`));
  child.on("exit", (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]));
}

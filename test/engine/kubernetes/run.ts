import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { missing } from "../../support/missing.ts";
import { until } from "../rig.ts";
import { builtBinaries, linkPrograms } from "./binaries.ts";
import { folderVariable, pluginsVariable } from "./place.ts";

// npm run test:kubernetes [VITEST ARGUMENT...]
//
// Runs the tests on a cluster in namespaces of their own: network, mounts and processes. All that the cluster starts, mounts and
// configures ends with them; what lies outside, folders and control groups, is removed here.

/** The folders of Debian's and of the upstream's CNI plug-ins. */
const pluginFolders = ["/usr/lib/cni", "/opt/cni/bin"];

const programs = ["go", "etcd", "containerd", "ctr", "runc", "nft", "conntrack", "ip", "unshare", "git"];

/** What this machine has not of what a cluster needs; undefined when it has all. */
function lacking(): string | undefined {
  if (process.platform !== "linux") return `the cluster's programs run on Linux, and this is ${process.platform}`;
  if (process.getuid?.() !== 0) return "a cluster of its own needs root (namespaces, mounts, control groups)";
  const absent = programs.filter((name) => !isProgram(name));
  if (absent.length > 0)
    return `these programs are missing for a cluster: ${absent.join(", ")}; test/engine/kubernetes/README.md names their packages`;
  if (pluginFolder() === undefined) return "the CNI plug-ins ptp and host-local are missing (Debian's package containernetworking-plugins)";
  const tried = spawnSync("unshare", [...namespaces, "true"], { encoding: "utf8" });
  if (tried.status !== 0) return `this machine allows no namespaces of its own: ${tried.stderr.trim()}`;
  return undefined;
}

const namespaces = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"];

function isProgram(name: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function pluginFolder(): string | undefined {
  return pluginFolders.find((folder) => existsSync(join(folder, "ptp")) && existsSync(join(folder, "host-local")));
}

/** The roots of the control groups: each hierarchy of version 1, or the one of version 2. */
function controlGroups(): string[] {
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  return mounts.flatMap((line) => {
    const [, folder = "", kind] = line.split(" ");
    return kind === "cgroup" || kind === "cgroup2" ? [folder] : [];
  });
}

function makeControlGroups(name: string): void {
  for (const root of controlGroups()) {
    mkdirSync(join(root, name));
    // A new group of version 1 has no processors, and so takes no process.
    for (const file of ["cpuset.cpus", "cpuset.mems"])
      if (existsSync(join(root, "cpuset.sched_load_balance"))) writeFileSync(join(root, name, file), readFileSync(join(root, file)));
  }
}

/** Removes a group with those in it, as soon as the last process in them has ended: one that is killed takes a moment. */
async function removeControlGroup(folder: string): Promise<void> {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await removeControlGroup(join(folder, entry.name));
  await until(async () => isRemoved(folder), 30, `The end of the processes in ${folder}`);
}

function isRemoved(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EBUSY") return false;
    throw error;
  }
}

/** Runs Vitest as the namespaces' own, and hands the signals on that would leave its cluster behind. */
async function inNamespaces(folder: string): Promise<number> {
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "test/engine/kubernetes/vitest.config.ts", ...process.argv.slice(2)];
  // A shell as the first process, since that one has to take the exit codes of all that lost their parent.
  const shell = ["sh", "-c", '"$@"; exit $?', "sh", process.execPath, ...vitest];
  const child = spawn("unshare", [...namespaces, ...shell], {
    env: { ...process.env, [folderVariable]: folder, [pluginsVariable]: pluginFolder() },
    stdio: "inherit",
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill("SIGKILL"));
  const [code] = await once(child, "exit");
  return code ?? 1;
}

async function run(): Promise<number> {
  const reason = lacking();
  if (reason !== undefined) {
    missing(reason);
    return 0;
  }
  const binaries = builtBinaries();
  const folder = mkdtempSync(join(tmpdir(), "agent-sessions-cluster-"));
  const name = basename(folder);
  try {
    makeControlGroups(name);
    linkPrograms(binaries, join(folder, "bin"));
    return await inNamespaces(folder);
  } finally {
    for (const root of controlGroups()) if (existsSync(join(root, name))) await removeControlGroup(join(root, name));
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await run();

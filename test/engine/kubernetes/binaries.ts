import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const module = fileURLToPath(new URL("cluster", import.meta.url));

/** The Kubernetes version that the Go module asks for, such as `v1.34.4`. */
const version = /k8s\.io\/kubernetes (v\S+)/.exec(readFileSync(join(module, "go.mod"), "utf8"))?.[1] ?? "";

/**
 * The folder with the two binaries of the Go module, built when no run before has built this very source: about eleven minutes where
 * Go's own cache is empty, else seconds.
 */
export function builtBinaries(): string {
  const sources = readdirSync(module, { recursive: true, encoding: "utf8" }).filter((file) => /\.(go|mod|sum)$/.test(file));
  const hash = createHash("sha256");
  for (const file of sources.sort()) hash.update(`${file}\n`).update(readFileSync(join(module, file)));
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "agent-sessions", "cluster");
  const folder = join(cache, `${version}-${hash.digest("hex").slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  console.warn(`Building Kubernetes ${version} for the tests, which takes minutes the first time …`);
  // Complete or not there, whoever builds at the same time.
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  build(".", join(unfinished, "cluster"));
  build("./inside", join(unfinished, "inside"));
  if (existsSync(folder)) return folder;
  renameSync(unfinished, folder);
  return folder;
}

/** The programs of the Go module that one binary holds, and picks by the name that it is called by. */
const programs = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kube-proxy",
  "kubelet",
  "policy-enforcer",
  "volume-provisioner",
];

export function linkPrograms(binaries: string, folder: string): void {
  mkdirSync(folder);
  for (const name of programs) symlinkSync(join(binaries, "cluster"), join(folder, name));
  symlinkSync(join(binaries, "inside"), join(folder, "inside"));
}

function build(source: string, target: string): void {
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(version) ?? [];
  const stamp = [
    `k8s.io/component-base/version.gitVersion=${version}`,
    `k8s.io/component-base/version.gitMajor=${major}`,
    `k8s.io/component-base/version.gitMinor=${minor}`,
    `k8s.io/client-go/pkg/version.gitVersion=${version}`,
  ];
  const flags = ["-s", "-w", ...stamp.map((value) => `-X ${value}`)].join(" ");
  execFileSync("go", ["build", "-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags", flags, "-o", target, source], {
    cwd: module,
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "" },
    stdio: ["ignore", 2, 2],
  });
}

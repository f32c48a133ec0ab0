import { EventEmitter } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { pull } from "../../stacks/platforms/docker/setup/base-image.ts";
import { consent, SetupError } from "../../stacks/platforms/docker/setup/consent.ts";
import { engineConfiguration, removeStalePidFile, startEngine } from "../../stacks/platforms/docker/setup/daemon.ts";
import { bootstrapArguments, debianArchitecture, sourcesFromTargets } from "../../stacks/platforms/docker/setup/debian-base.ts";
import { isDebianLike, parseOsRelease } from "../../stacks/platforms/docker/setup/debian.ts";
import { engineSteps, ensureEngine } from "../../stacks/platforms/docker/setup/engine.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "setup-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe("what this machine is", () => {
  test.each([
    ['ID=debian\nVERSION_ID="12"', true],
    ["ID=ubuntu\nID_LIKE=debian", true],
    ['ID=linuxmint\nID_LIKE="ubuntu debian"', true],
    ['ID="fedora"', false],
    ['ID=rocky\nID_LIKE="rhel centos fedora"', false],
    ["", false],
  ])("os-release %j is Debian-like: %s", (text, expected) => {
    expect(isDebianLike(parseOsRelease(text))).toBe(expected);
  });

  test.each([
    ["x86_64", "amd64"],
    ["aarch64", "arm64"],
    ["riscv64", "riscv64"],
  ])("the engine's %s is Debian's %s", (engine, debian) => {
    expect(debianArchitecture(engine)).toBe(debian);
  });
});

describe("sources of the base image", () => {
  test("are the machine's own for Debian bookworm, each once, and nothing else", () => {
    const targets = [
      "http://mirror.test/debian/ bookworm Debian main",
      "http://mirror.test/debian/ bookworm Debian main",
      "http://mirror.test/debian/ bookworm Debian contrib",
      "http://mirror.test/security/ bookworm-security Debian main",
      "http://other.test/tools/ bookworm Somebody main",
      "http://mirror.test/debian/ trixie Debian main",
      "",
    ].join("\n");
    expect(sourcesFromTargets(targets, "/keys.gpg")).toEqual([
      "deb [signed-by=/keys.gpg] http://mirror.test/debian/ bookworm main",
      "deb [signed-by=/keys.gpg] http://mirror.test/security/ bookworm-security main",
    ]);
  });

  test("mmdebstrap gets the architecture, the sources last, and keeps licences", () => {
    const args = bootstrapArguments("arm64", ["deb http://mirror.test/debian/ bookworm main"], false);
    expect(args).toContain("--architectures=arm64");
    expect(args.slice(-3)).toEqual(["bookworm", "-", "deb http://mirror.test/debian/ bookworm main"]);
    expect(args.indexOf("--dpkgopt=path-include=/usr/share/doc/*/copyright")).toBeGreaterThan(
      args.indexOf("--dpkgopt=path-exclude=/usr/share/doc/*"),
    );
    expect(args.join(" ")).not.toContain("usr-is-merged");
  });
});

describe("consent", () => {
  test("lists what would be done and refuses under --no-install, with the way out", async () => {
    await expect(consent(["install docker.io"], "no", "Do it by hand.", () => {})).rejects.toThrow(
      /--no-install.*\n {2}- install docker\.io\nDo it by hand\./,
    );
  });

  test("lists first and goes on without a terminal", async () => {
    const lines: string[] = [];
    await consent(["install docker.io"], "yes", "", (line) => lines.push(line));
    expect(lines.join("\n")).toContain("- install docker.io");
  });
});

describe("the engine", () => {
  const own = { address: "unix:///var/run/docker.sock", source: "default" };

  test("that answers is left alone, even under --no-install", async () => {
    const lines: string[] = [];
    await ensureEngine({ engine: own, probe: async () => true, install: "no", report: (line) => lines.push(line) });
    expect(lines).toEqual([]);
  });

  test("that is missing is never installed under --no-install", async () => {
    await expect(ensureEngine({ engine: own, probe: async () => false, install: "no", report: () => {} })).rejects.toThrow(SetupError);
  });

  test.each([
    ["darwin", undefined, "colima"],
    ["win32", undefined, "WSL 2"],
    ["linux", "docker", "systemctl enable --now docker"],
    ["linux", "podman", "enable --now podman.socket"],
    ["linux", undefined, "apt-get install -y docker.io"],
  ] as const)("steps on %s (installed: %s) name %s", (platform, installed, words) => {
    expect(engineSteps(platform, installed)).toContain(words);
  });

  test("gets address pools beside what the machine uses already", () => {
    const pools = (used: string[]) => JSON.parse(engineConfiguration(used))["default-address-pools"];
    expect(pools(["127.0.0.1", "192.168.1.4"])).toEqual([{ base: "10.201.0.0/16", size: 28 }]);
    expect(pools(["10.201.3.1", "10.202.0.1"])).toEqual([{ base: "10.203.0.0/16", size: 28 }]);
  });

  test("a pid file goes unless its process is the engine", () => {
    const file = join(folder, "docker.pid");
    expect(removeStalePidFile(file, "dockerd")).toBe(false);
    writeFileSync(file, String(process.pid));
    expect(removeStalePidFile(file, readFileSync("/proc/self/comm", "utf8").trim())).toBe(false);
    expect(existsSync(file)).toBe(true);
    expect(removeStalePidFile(file, "dockerd")).toBe(true);
    writeFileSync(file, "999999999");
    expect(removeStalePidFile(file, "dockerd")).toBe(true);
    expect(existsSync(file)).toBe(false);
  });

  const fake = (script: string) => {
    const bin = join(folder, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "dockerd"), `#!/bin/sh\ncd ${folder}\n${script}\n`);
    chmodSync(join(bin, "dockerd"), 0o755);
    vi.stubEnv("PATH", `${bin}:${process.env.PATH}`);
    return { report: () => {}, log: join(folder, "log"), runtimeFolder: folder };
  };

  test("that dies at its first start is started once more", async () => {
    const options = fake("if [ -e tried ]; then touch up; else touch tried; exit 1; fi");
    await startEngine({ ...options, probe: async () => existsSync(join(folder, "up")), patience: 10 });
    expect(existsSync(join(folder, "tried"))).toBe(true);
  });

  test("that never comes up ends set-up with the last lines of its log", async () => {
    const options = fake("echo failed to mount; exit 1");
    await expect(startEngine({ ...options, probe: async () => false, patience: 5 })).rejects.toThrow(
      /does not start.*\n {2}failed to mount/,
    );
  });
});

describe("a pull", () => {
  const modem = {
    followProgress: (_: unknown, done: (error: Error | null) => void, progress: (event: object) => void) => {
      progress({ id: "1", status: "Pull complete" });
      done(null);
    },
  };
  const engine = (give: (options: { abortSignal: AbortSignal }) => Promise<unknown>) =>
    ({ pull: (_: string, options: { abortSignal: AbortSignal }) => give(options), modem }) as unknown as Pick<Docker, "pull" | "modem">;

  test("that works gives no reason", async () => {
    expect(
      await pull(
        engine(async () => new EventEmitter()),
        "x",
        1,
        () => {},
      ),
    ).toBeUndefined();
  });

  test("that is refused says why", async () => {
    const refused = engine(async () =>
      Promise.reject(Object.assign(new Error("(HTTP code 500) server error - no such host"), { json: { message: "no such host" } })),
    );
    expect(await pull(refused, "x", 1, () => {})).toBe("no such host");
  });

  test("that hears nothing is given up and told to stop", async () => {
    let aborted = false;
    const silent = engine(
      ({ abortSignal }) =>
        new Promise(() =>
          abortSignal.addEventListener("abort", () => {
            aborted = true;
          }),
        ),
    );
    expect(await pull(silent, "x", 0.05, () => {})).toBe("no answer for 0.05 seconds");
    expect(aborted).toBe(true);
  });
});

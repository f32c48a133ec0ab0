import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seccompProfile } from "../../components/seccomp/docker.ts";
import { askHealth } from "../../stacks/runtime/docker/health.ts";
import { parse } from "../../stacks/settings.ts";
import { disk } from "../../stacks/verify/checks/disk.ts";
import { files } from "../../stacks/verify/checks/files.ts";
import type { Surroundings } from "../../stacks/verify/check.ts";
import { checks } from "../../stacks/verify/checks/index.ts";
import { limits } from "../../stacks/verify/checks/limits.ts";
import { mounts } from "../../stacks/verify/checks/mounts.ts";
import { privileges } from "../../stacks/verify/checks/privileges.ts";
import { targetOf } from "../../stacks/verify/target.ts";
import { secrets } from "../../stacks/verify/checks/secrets.ts";
import { promisedTo } from "../../stacks/verify/promised.ts";
import { type Verified, verify } from "../../stacks/verify/run.ts";
import { knownSecrets } from "../../stacks/verify/known-secrets.ts";
import { volumesOf } from "../../stacks/runtime/docker/surroundings.ts";
import { Checkout } from "../cli/checkout.ts";
import { liveEngine, Rig } from "./rig.ts";
import { failures, type Loosening, Twins, unbroken } from "./verify-rig.ts";

const docker = await liveEngine();
const minute = 60_000;

describe.skipIf(docker === undefined)("verify", () => {
  const checkout = new Checkout();
  const rig = new Rig(docker as NonNullable<typeof docker>, "verify", checkout.root);
  const twins = new Twins(rig.docker);
  const folder = (name: string) => {
    const path = join(rig.root, name);
    mkdirSync(path);
    return path;
  };
  const [code, auth, setuid, sockets, listed, poisoned, refused] = [
    folder("code"),
    folder("auth"),
    folder("setuid"),
    folder("sockets"),
    folder("listed"),
    folder("poisoned"),
    folder("refused"),
  ] as const;
  writeFileSync(join(auth, "token"), "not-a-secret\n", { mode: 0o444 });
  writeFileSync(join(refused, "refused"), "401\n");
  const small = { memory: "256 MB", cpu: 0.5, processes: 64, openFiles: 256, tmp: "16 MB" };
  // This session has no network at all; verify-network.test.ts is about those that have one.
  const outside = {
    uids: new Map([
      ["v-twin-own-uid", 10_777],
      ["another", 10_777],
    ]),
    greeting: "hello",
    host: { port: 9, addresses: ["192.0.2.1"] },
    listener: { port: 9, heard: () => [] },
    neighbours: [{ id: "other", names: ["other"], addresses: ["192.0.2.2"], port: 9 }],
  };
  const session = {
    id: "v-one",
    limits: small,
    repositories: [{ name: "code", path: code }],
    credentials: { kind: "hostMount", path: auth },
  };
  const behindProxy = { id: "v-proxy", limits: small, credentials: { kind: "proxy", secret: { file: join(rig.root, "key") } } };
  const key = `key-${randomBytes(12).toString("hex")}`;
  writeFileSync(join(rig.root, "key"), key);
  const settings = parse({ sessions: [session, behindProxy] }, { root: rig.root });
  const promised = () => promisedTo(settings.sessions[0]!);
  const volumeOf = async (session: string, container: string) => {
    const [info] = await rig.docker.listContainers({ filters: { name: [`^/${container}$`] } });
    return [...(await volumesOf(rig.docker, [{ ...info!, Labels: { session_id: session } }]))];
  };

  const mounting =
    (target: string, change: Partial<Docker.MountSettings>): Loosening["loosen"] =>
    ({ HostConfig }) => {
      HostConfig.Mounts = HostConfig.Mounts?.map((mount) => (mount.Target === target ? { ...mount, ...change } : mount));
    };
  const loosenings: readonly Loosening[] = [
    {
      check: "root-read-only",
      what: "a writable root",
      also: ["auth-read-only"],
      loosen: ({ HostConfig }) => (HostConfig.ReadonlyRootfs = false),
    },
    { check: "mounts-read-only", what: "a writable repository", also: ["mounts"], loosen: mounting("/repos/code", { ReadOnly: false }) },
    {
      check: "auth-read-only",
      what: "a folder of credentials that it may add to",
      also: ["mounts"],
      loosen: ({ HostConfig }) => (HostConfig.Tmpfs = { ...HostConfig.Tmpfs, "/auth": "uid=1000" }),
    },
    {
      check: "logs-unlisted",
      what: "logs that anybody lists",
      loosen: mounting("/logs", { Type: "bind", Source: listed, VolumeOptions: undefined }),
    },
    { check: "mounts", what: "a mount more", loosen: ({ HostConfig }) => (HostConfig.Tmpfs = { ...HostConfig.Tmpfs, "/srv": "" }) },
    { check: "mount-sources", what: "another repository", loosen: mounting("/repos/code", { Source: listed }) },
    {
      check: "scratch-noexec",
      what: "programs in /tmp",
      loosen: ({ HostConfig }) =>
        (HostConfig.Tmpfs = { ...HostConfig.Tmpfs, "/tmp": HostConfig.Tmpfs?.["/tmp"]?.replace("noexec", "exec") ?? "" }),
    },
    {
      check: "setuid",
      what: "a setuid file in the repository",
      also: ["mount-sources"],
      loosen: mounting("/repos/code", { Source: setuid }),
    },
    {
      check: "clones",
      what: "a clone with a configuration of the repository's",
      also: ["mount-sources"],
      loosen: mounting("/repos/code", { Source: poisoned }),
      promised: { clones: ["code"] },
      evidence: "git/hooks is not .*git/config is not .*git/objects/info/alternates is not",
    },
    {
      check: "engine-socket",
      what: "an engine's socket in the repository",
      also: ["mount-sources"],
      loosen: mounting("/repos/code", { Source: sockets }),
    },
    {
      check: "devices",
      what: "a device",
      loosen: ({ HostConfig }) =>
        (HostConfig.Devices = [{ PathOnHost: "/dev/full", PathInContainer: "/dev/extra", CgroupPermissions: "r" }]),
    },
    { check: "user", what: "root as its user", loosen: (body) => (body.User = "0:0") },
    {
      check: "own-uid",
      what: "a uid that another session has",
      promised: { uid: 10_777 },
      loosen(body) {
        body.User = "10777:1000";
        body.HostConfig.Tmpfs = {
          ...body.HostConfig.Tmpfs,
          "/tmp/agent": body.HostConfig.Tmpfs?.["/tmp/agent"]?.replace("uid=1000", "uid=10777") ?? "",
        };
      },
    },
    { check: "disk-limit", what: "more in its volumes" },
    { check: "capabilities", what: "a capability", loosen: ({ HostConfig }) => (HostConfig.CapAdd = ["NET_RAW"]) },
    {
      check: "no-new-privileges",
      what: "new privileges",
      loosen: ({ HostConfig }) => (HostConfig.SecurityOpt = [`seccomp=${seccompProfile}`]),
    },
    {
      check: "seccomp",
      what: "no profile in place of its own",
      promised: { ownSeccompProfile: true },
      loosen: ({ HostConfig }) => HostConfig.SecurityOpt?.push("seccomp=unconfined"),
    },
    {
      check: "host-processes",
      what: "the host's processes",
      loosen: ({ HostConfig }) => (HostConfig.PidMode = "host"),
      seesOthers: true,
    },
    { check: "process-limit", what: "more processes", loosen: ({ HostConfig }) => (HostConfig.PidsLimit = 80) },
    {
      check: "open-files-limit",
      what: "more open files",
      loosen: ({ HostConfig }) => (HostConfig.Ulimits = [{ Name: "nofile", Soft: 300, Hard: 300 }]),
    },
    {
      check: "scratch-limit",
      what: "more of /tmp",
      loosen: ({ HostConfig }) =>
        (HostConfig.Tmpfs = { ...HostConfig.Tmpfs, "/tmp": HostConfig.Tmpfs?.["/tmp"]?.replace("size=16777216", "size=20m") ?? "" }),
    },
    {
      check: "memory-limit",
      what: "more memory",
      loosen: ({ HostConfig }) => Object.assign(HostConfig, { Memory: 512 * 1024 ** 2, MemorySwap: 512 * 1024 ** 2 }),
    },
    // A share that a busy machine gives too.
    {
      check: "cpu-limit",
      what: "more processor time",
      promised: { limits: { ...promised().limits, cpu: 0.01 } },
      loosen: ({ HostConfig }) => (HostConfig.NanoCpus = 0),
    },
    { check: "own-volumes", what: "a volume of another session", loosen: mounting("/session", { Source: "claude-agent-v-proxy-session" }) },
    {
      check: "key-taken",
      what: "a key that the provider refused",
      also: ["mounts"],
      loosen: ({ HostConfig }) =>
        HostConfig.Mounts?.push({ Type: "bind", Source: refused, Target: "/run/credential-proxy", ReadOnly: true }),
      evidence: "it was answered with 401",
    },
    { check: "foreign-secrets", what: "a key that is for a proxy alone", loosen: ({ Env }) => Env?.push(`LEAKED=${key}`) },
    {
      check: "kernel-paths",
      what: "nothing masked",
      loosen: ({ HostConfig }) => Object.assign(HostConfig, { MaskedPaths: [], ReadonlyPaths: [] }),
    },
  ];

  /** On a busy machine no limit on processor time acts. */
  const mayBeUnproven = (line: string) => line.startsWith("cpu-limit not tried: ");
  let surroundings: Surroundings;
  let engine: Server;
  let found: ReadonlyMap<string, string[]>;

  beforeAll(async () => {
    execFileSync("git", ["-C", code, "init", "-q"]);
    execFileSync("git", ["-C", poisoned, "init", "-q"]);
    writeFileSync(join(poisoned, ".git/objects/info/alternates"), "/elsewhere\n");
    copyFileSync("/bin/true", join(setuid, "true"));
    chmodSync(join(setuid, "true"), 0o4755);
    engine = createServer((_, response) => response.setHeader("Api-Version", "1.41").end("OK")).listen(join(sockets, "harmless"));
    await once(engine, "listening");
    chmodSync(join(sockets, "harmless"), 0o666);
    const { health } = await rig.up([session, behindProxy]);
    expect(health.map(({ state }) => state)).toEqual(["healthy", "healthy"]);
    const targets = await Promise.all([
      twins.start(promised(), "same", {}),
      ...loosenings.map((loosening) => twins.start(promised(), loosening.check, loosening)),
    ]);
    const names = targets.map(({ promised: { id } }) => id);
    const volumes = new Map((await Promise.all([...names, "v-one", "v-proxy"].map((id) => volumeOf(id, `claude-agent-${id}`)))).flat());
    const little = { workspace: 4096, session: 4096, logs: 4096 };
    const held = new Map([...names, "v-one", "v-proxy"].map((id) => [id, little]));
    held.set("v-twin-disk-limit", { ...little, workspace: promised().limits.disk });
    surroundings = { ...outside, volumes, held, secrets: await knownSecrets(settings) };
    found = await failures(targets, { checks, surroundings });
  }, 5 * minute);
  afterAll(async () => {
    engine.close();
    await twins.dispose();
    await rig.dispose();
  }, 2 * minute);

  test("a healthy session holds everything, and is left as it was", async () => {
    const traces = () => rig.shell("v-one", "find / -xdev 2>/dev/null | wc -l; ls -A /tmp /workspace /session /dev/shm; pgrep -c python3");
    const before = await traces();
    const [verified, proxied] = await verify(
      settings.sessions.map((entry) => targetOf(rig.runtime, promisedTo(entry))),
      { checks, surroundings },
    );
    for (const { results = [] } of [verified!, proxied!])
      expect(results.filter(({ id, verdict }) => verdict !== "held" && !mayBeUnproven(`${id} ${verdict}: `))).toEqual([]);
    expect(verified?.results.length).toBeGreaterThan(12);
    expect(await traces()).toEqual(before);
    expect((await askHealth(rig.docker, "v-one", "claude-agent-v-one")).state).toBe("healthy");
    expect((await rig.docker.getContainer("claude-agent-v-one").inspect()).RestartCount).toBe(0);
  });

  test("the command ends with 1 when a session was loosened by hand, and says what does not hold", async () => {
    const command = (...args: string[]) => checkout.run(["verify", "--stack", "verify", ...args]);
    const container = rig.docker.getContainer("claude-agent-v-one");
    try {
      checkout.write("verify", [session]);
      // A busy machine has no core to spare for the limit on them.
      const sentence = /^v-one: all \d+ promises hold$|^v-one: \d+ of \d+ promises hold; [12] not tried$/m;
      const [short, long] = [await command(), await command("--all")];
      expect([short.code, short.stdout]).toEqual([0, expect.stringMatching(sentence)]);
      expect([short.stdout.includes("│ held"), long.stdout.includes("│ held")]).toEqual([false, true]);
      await container.update({ PidsLimit: 512 });
      const report = join(checkout.root, "verify.xml");
      const { code, stdout } = await command("v-one", "--json", "--junit", report);
      const [verified] = JSON.parse(stdout) as Verified[];
      expect([code, verified?.results.flatMap(({ id, verdict }) => (verdict === "not held" ? [id] : []))]).toEqual([1, ["process-limit"]]);
      expect(readFileSync(report, "utf8")).toMatch(
        /<testcase classname="v-one.process-limit" .*<failure message="65 processes were had, and the limit is 64">/,
      );
      expect(await command("v-two")).toEqual({
        code: 1,
        stdout: "",
        stderr: 'sessions: there is no session "v-two" in the stack file; there is: v-one\n',
      });
      expect(await command("--parallel", "none")).toMatchObject({ code: 2, stdout: "" });
      await container.update({ PidsLimit: 64 });
      // More cores than any machine of the tests has to keep busy.
      checkout.write("verify", [{ ...session, limits: { ...session.limits, cpu: 64 } }]);
      expect([(await command()).code, (await command("--strict")).code]).toEqual([0, 1]);
    } finally {
      await container.update({ PidsLimit: 64 });
    }
  });

  test("a twin of it holds everything too, from which the broken ones below differ by one field", () => {
    expect(found.get("v-twin-same")?.filter((line) => !mayBeUnproven(line))).toEqual([]);
  });

  test("a limit on processor time is held when the kernel had to hold the session back", async () => {
    const cpu = 0.05;
    const target = await twins.start(promised(), "slow", {
      promised: { limits: { ...promised().limits, cpu } },
      loosen: ({ HostConfig }) => (HostConfig.NanoCpus = cpu * 1e9),
    });
    expect(await failures([target], { checks: limits.filter(({ id }) => id === "cpu-limit"), surroundings })).toEqual(
      new Map([["v-twin-slow", []]]),
    );
  });

  test.each(loosenings)("$check names $what", ({ check, also = [], evidence = ".", seesOthers }) => {
    const named = [check, ...also].map((id) => expect.stringMatching(new RegExp(`^${id} not held: .*${id === check ? evidence : "."}`)));
    const lines = found.get(`v-twin-${check}`)?.filter((line) => !mayBeUnproven(line));
    expect(lines).toEqual(expect.arrayContaining(named));
    if (seesOthers !== true) expect(lines).toHaveLength(named.length);
  });

  test("every check has a session that it fails", () => {
    expect(unbroken([...files, ...mounts, ...privileges, ...limits, ...disk, ...secrets], loosenings)).toEqual([]);
  });
});

import { randomBytes } from "node:crypto";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasSystemd } from "../../components/container-engine/here.ts";
import { examine } from "../../stacks/platforms/docker/examine.ts";
import { changes } from "../../stacks/recorder/plan.ts";
import { parse } from "../../stacks/settings.ts";
import { waitServices } from "../../stacks/runtime/health.ts";
import { checksOn, platformOf } from "../../stacks/verify/checks/index.ts";
import { promisedTo } from "../../stacks/verify/promised.ts";
import { verify } from "../../stacks/verify/run.ts";
import { surroundingsOf } from "../../stacks/verify/surroundings.ts";
import { targetOf } from "../../stacks/verify/target.ts";
import { Checkout } from "../cli/checkout.ts";
import { liveEngine, Rig, until } from "../engine/rig.ts";
import { missing } from "../support/missing.ts";
import { askPostgresql, askRedis, inPython } from "../support/service-clients.ts";
import { giveImages } from "./own-engine.ts";
import { canRunPodman, OwnPodman } from "./own-podman.ts";

const docker = await liveEngine();
const minute = 60_000;

describe.skipIf(docker === undefined || !canRunPodman)("the strategy local on Podman", () => {
  const podman = new OwnPodman();
  const checkout = new Checkout();
  const rig = new Rig(podman.docker, "podman", checkout.root);
  const at = (name: string) => join(rig.root, name);
  const git = (folder: string, ...args: string[]) =>
    execFileSync("git", ["-C", folder, "-c", "user.name=t", "-c", "user.email=t@localhost", ...args], { encoding: "utf8" }).trim();
  const command = (name: string, ...args: string[]) => checkout.run([name, "--stack", "podman", ...args]);
  const key = `sk-ant-api03-${randomBytes(24).toString("hex")}`;
  const limits = { memory: "256 MB", cpu: 0.5, processes: 64, tmp: "16 MB" };
  const sessions = [
    {
      id: "pd-none",
      limits,
      repositories: [
        { name: "code", path: at("code") },
        { name: "lib", url: `file://${at("lib")}` },
      ],
      credentials: { kind: "file", secret: { file: at("key") } },
      services: ["postgresql", "redis"],
    },
    { id: "pd-open", limits, network: { egress: "open" }, workspace: { kind: "tmpfs", size: "16 MB" } },
    { id: "pd-other", limits, network: { egress: "open" } },
  ];

  const local = { ...(podman.settings.local as object), devServices: { postgresql: {}, redis: {} } };
  const settings = { ...podman.settings, local };

  beforeAll(async () => {
    for (const name of ["code", "lib"]) {
      execFileSync("git", ["init", "--quiet", "--initial-branch", "main", at(name)]);
      git(at(name), "commit", "--quiet", "--allow-empty", "--message", "first");
    }
    writeFileSync(at("key"), key);
    checkout.write("podman", sessions, settings);
    await podman.start();
    await giveImages(docker as NonNullable<typeof docker>, podman.docker, sessions, settings);
    const { health } = await rig.up(sessions, settings);
    expect(health.map(({ state }) => state)).toEqual(["healthy", "healthy", "healthy"]);
  }, 10 * minute);
  afterAll(async () => {
    try {
      await rig.dispose();
    } finally {
      await podman.end();
      checkout.dispose();
    }
  }, 2 * minute);

  test("a second run changes nothing", async () => {
    const engine = rig.engine(sessions, settings);
    const { plan } = await engine.plan(await engine.live());
    expect(plan.steps.filter(({ operation }) => operation !== "same").map(({ operation, name }) => `${operation} ${name}`)).toEqual([]);
    expect(changes(plan)).toBe(false);
  });

  test("sessions hold what they are promised", async () => {
    const checked = parse({ sessions, ...settings }, { root: rig.root });
    const { surroundings, close } = await surroundingsOf(rig.runtime, checked);
    try {
      const targets = checked.sessions.map((session) => targetOf(rig.runtime, promisedTo(session)));
      const results = (await verify(targets, { checks: checksOn(await platformOf(rig.runtime, checked)), surroundings })).flatMap(
        ({ session, results }) => results.map(({ id, verdict, found }) => `${session} ${id} ${verdict}: ${found}`),
      );
      // A busy machine proves nothing of processor time.
      const unproven = /^\S+ cpu-limit not tried/;
      expect(results.filter((line) => !/^\S+ \S+ held/.test(line) && !unproven.test(line))).toEqual([]);
      expect(results.length).toBeGreaterThan(60);
    } finally {
      close();
    }
  });

  test("a session that lists dev services uses both by their sockets, and another has neither", async () => {
    const services = await waitServices(rig.runtime, 120);
    expect(services.map(({ name, state }) => `${name}: ${state}`)).toEqual(["postgresql: healthy", "redis: healthy"]);
    const ask = async (program: string, ...args: string[]) => (await rig.shell("pd-none", inPython(program, ...args))).output;
    expect(await ask(askPostgresql, "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('there'); SELECT word FROM kept")).toBe(
      "there",
    );
    expect(await ask(askRedis, "SET word there", "GET word")).toBe("+OK\n+OK\n$5 there");
    expect((await rig.shell("pd-none", "ls /sys/class/net")).output).toBe("lo");
    expect((await rig.shell("pd-other", "ls /run/services")).output).toContain("No such file");
  });

  test("memory belongs to the agent", async () => {
    expect((await rig.shell("pd-open", "stat -c '%a %u:%g %n' /tmp /tmp/agent /workspace")).output.split("\n")).toEqual([
      "1777 0:0 /tmp",
      "700 1000:1000 /tmp/agent",
      "770 1000:1000 /workspace",
    ]);
  });

  test.each([
    [
      { network: { egress: { allow: ["one.invalid"] } } },
      /sessions\[0\]\.network\.egress\.allow\[0\]: "one.invalid" needs a network that leads nowhere/,
    ],
    [{ network: { mode: "bridge" } }, /sessions\[0\]\.network\.mode: "bridge" needs a network that leads nowhere/],
    [{ group: "one" }, /sessions\[0\]\.group: "one" needs a network that leads nowhere/],
  ])("%j is refused", async (given, sentence) => {
    const engine = rig.engine([{ id: "pd-refused", ...given }], podman.settings);
    await expect(engine.plan(await engine.live())).rejects.toThrow(sentence);
  });

  test("a secret is a file of its session's, which no other has", async () => {
    expect((await rig.shell("pd-none", "cat /auth/token; touch /auth/x")).output).toMatch(new RegExp(`^${key}\n.*Read-only file system`));
    expect((await rig.shell("pd-open", "ls -A /auth")).output).toBe("");
    expect(JSON.stringify(await podman.docker.getContainer("claude-agent-pd-none").inspect())).not.toContain(key);
  });

  test("commands work on sessions, and bring out what was done in copies and clones", async () => {
    const { stdout } = await command("list", "--json");
    const rows = JSON.parse(stdout) as Record<string, unknown>[];
    expect(rows.map(({ session, isolation, state }) => [session, isolation, state])).toEqual([
      ["pd-none", "sealed", "healthy"],
      ["pd-open", "isolated", "healthy"],
      ["pd-other", "isolated", "healthy"],
    ]);
    const work = "for name in code lib; do cd /workspace/$name && echo done > kept && git add kept && git commit -qm kept || exit; done";
    expect(await command("exec", "pd-none", "--", "bash", "-c", `${work}; exit 7`)).toMatchObject({ code: 7, stderr: "" });
    for (const name of ["code", "lib"])
      expect((await command("diff", "pd-none", "--repository", name, "--stat")).stdout).toContain("1 file changed");
    expect((await command("pull", "pd-none", "--repository", "code")).code).toBe(0);
    expect(git(at("code"), "log", "--format=%s", "session/pd-none")).toBe("kept\nfirst");
    expect((await command("logs", "pd-none")).stdout).toContain("session: the agent runs");
    const attached = await checkout.runOnTerminal(["attach", "pd-none", "--stack", "podman"], /\$ /, "tmux detach\r");
    expect([attached.code, attached.stdout]).toEqual([0, expect.stringContaining("[detached (from session claude)]")]);
  });

  test("what is stopped is started again with its data, and what is killed comes back by itself", async () => {
    expect((await command("stop", "pd-none")).code).toBe(0);
    expect((await command("list")).stdout).toMatch(/pd-none .* stopped/);
    expect((await command("start", "pd-none")).code).toBe(0);
    const { State } = await podman.docker.getContainer("claude-agent-pd-none").inspect();
    process.kill(State.Pid, "SIGKILL");
    const kept = () => rig.shell("pd-none", "cat /workspace/code/kept").catch(() => undefined);
    await until(
      async () =>
        (await podman.docker.getContainer("claude-agent-pd-none").inspect()).State.Pid !== State.Pid && (await kept())?.output === "done",
      60,
      "another start",
    );
  });

  test("what volumes hold counts for their session", async () => {
    expect((await rig.shell("pd-open", "head -c 3000000 /dev/zero > /session/large")).code).toBe(0);
    const held = await rig.runtime.held(30);
    expect(held instanceof Map && held.get("pd-open")?.session).toBeGreaterThanOrEqual(3_000_000);
  });

  test("doctor says what Podman holds, and what it leaves to systemd", async () => {
    const findings = await examine(podman.docker, parse({ sessions, local }), { where: podman.socket, seconds: 10 });
    const verdictOf = (subject: string) => findings.find((finding) => finding.subject === subject)?.verdict;
    expect(findings[0]).toMatchObject({ subject: "engine", found: expect.stringMatching(/^Podman 4\./), verdict: "ok" });
    expect(["process limit", "memory and cpu limits", "crash of the engine", "networks"].map(verdictOf)).toEqual(["ok", "ok", "ok", "ok"]);
    expect(verdictOf("health checks")).toBe(hasSystemd() ? "ok" : "missing");
  });

  test("check and verify hold, up has nothing to do, and down leaves nothing but volumes, which it names", async () => {
    const checked = await command("check");
    expect([checked.code, checked.stderr]).toEqual([0, expect.not.stringContaining("error")]);
    const up = await command("up", "--yes", "--no-install", "--engine", "embedded");
    expect([up.code, up.stdout], up.stderr).toEqual([0, expect.stringContaining("Nothing was changed.")]);
    const down = await command("down", "--force", "--engine", "embedded");
    expect(down.code, down.stderr).toBe(0);
    expect(await podman.docker.listContainers({ all: true })).toEqual([]);
    expect((await podman.docker.listNetworks()).map(({ Name }) => Name)).toEqual(["bridge"]);
    const { Volumes } = await podman.docker.listVolumes();
    expect(Volumes.length).toBeGreaterThan(3);
    expect(Volumes.filter(({ Name }) => !down.stdout.includes(Name)).map(({ Name }) => Name)).toEqual([]);
  });
});

const version1 = !existsSync("/sys/fs/cgroup/cgroup.controllers");
if (!version1) missing("a rootless Podman that drops limits needs control groups of version 1");

describe.skipIf(!canRunPodman || !version1)("a rootless Podman on control groups of version 1", () => {
  const user = `sessions-${process.pid}`;
  const idOf = (option: string) => Number(execFileSync("id", [option, user], { encoding: "utf8" }));
  let podman: OwnPodman | undefined;
  afterAll(async () => {
    await podman?.end();
    // Podman leaves a process that holds its user's namespace.
    spawnSync("pkill", ["--signal", "KILL", "--uid", user]);
    await until(async () => spawnSync("userdel", [user]).status === 0, 10, "the end of the user's processes");
  });

  test("is refused before anything is made, and doctor says why", async () => {
    execFileSync("useradd", ["--no-create-home", user]);
    podman = new OwnPodman({ uid: idOf("-u"), gid: idOf("-g") });
    await podman.start();
    const rig = new Rig(podman.docker, "rootless");
    const engine = rig.engine([{ id: "pd-rootless" }], podman.settings);
    const reason = "it is rootless, and control groups of version 1 are root's alone";
    await expect(engine.plan(await engine.live())).rejects.toThrow(
      `limits: the engine at unix://${podman.socket} takes limits of memory, processor time and processes and holds none: ${reason}`,
    );
    expect([await podman.docker.listImages(), (await podman.docker.listVolumes()).Volumes]).toEqual([[], []]);
    const findings = await examine(podman.docker, parse({ sessions: [] }), { where: podman.socket, seconds: 10 });
    const lacking = findings.filter(({ means }) => means.includes(reason)).map(({ subject, verdict }) => [subject, verdict]);
    expect(lacking).toEqual([
      ["process limit", "missing"],
      ["memory and cpu limits", "missing"],
    ]);
    expect(findings).toContainEqual(expect.objectContaining({ subject: "user namespace", found: "rootless engine" }));
  });
});

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasSystemd } from "../../components/container-engine/here.ts";
import { examine } from "../../stacks/platforms/docker/examine.ts";
import { changes } from "../../stacks/recorder/plan.ts";
import { parse } from "../../stacks/settings.ts";
import { checksOn, platformOf } from "../../stacks/verify/checks/index.ts";
import { promisedTo } from "../../stacks/verify/promised.ts";
import { verify } from "../../stacks/verify/run.ts";
import { surroundingsOf } from "../../stacks/verify/surroundings.ts";
import { targetOf } from "../../stacks/verify/target.ts";
import { liveEngine, Rig, until } from "../engine/rig.ts";
import { missing } from "../support/missing.ts";
import { giveImages } from "./own-engine.ts";
import { canRunPodman, OwnPodman } from "./own-podman.ts";

const docker = await liveEngine();
const minute = 60_000;

describe.skipIf(docker === undefined || !canRunPodman)("the strategy local on Podman", () => {
  const podman = new OwnPodman();
  const rig = new Rig(podman.docker, "podman");
  const limits = { memory: "256 MB", cpu: 0.5, processes: 64, tmp: "16 MB" };
  const sessions = [
    { id: "pd-none", limits },
    { id: "pd-open", limits, network: { egress: "open" }, workspace: { kind: "tmpfs", size: "16 MB" } },
    { id: "pd-other", limits, network: { egress: "open" } },
  ];

  beforeAll(async () => {
    await podman.start();
    await giveImages(docker as NonNullable<typeof docker>, podman.docker, sessions);
    const { health } = await rig.up(sessions, podman.settings);
    expect(health.map(({ state }) => state)).toEqual(["healthy", "healthy", "healthy"]);
  }, 10 * minute);
  afterAll(async () => {
    await rig.dispose();
    await podman.end();
  }, 2 * minute);

  test("a second run changes nothing", async () => {
    const engine = rig.engine(sessions, podman.settings);
    const { plan } = await engine.plan(await engine.live());
    expect(plan.steps.filter(({ operation }) => operation !== "same").map(({ operation, name }) => `${operation} ${name}`)).toEqual([]);
    expect(changes(plan)).toBe(false);
  });

  test("sessions hold what they are promised", async () => {
    const settings = parse({ sessions, ...podman.settings }, { root: rig.root });
    const { surroundings, close } = await surroundingsOf(rig.runtime, settings);
    try {
      const targets = settings.sessions.map((session) => targetOf(rig.runtime, promisedTo(session)));
      const results = (await verify(targets, { checks: checksOn(await platformOf(rig.runtime, settings)), surroundings })).flatMap(
        ({ session, results }) => results.map(({ id, verdict, found }) => `${session} ${id} ${verdict}: ${found}`),
      );
      // A busy machine proves nothing of processor time, and Podman counts no volumes while a container goes.
      const unproven = /^\S+ (cpu-limit|disk-limit) not tried/;
      expect(results.filter((line) => !/^\S+ \S+ held/.test(line) && !unproven.test(line))).toEqual([]);
      expect(results.length).toBeGreaterThan(60);
    } finally {
      close();
    }
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

  test("doctor says what Podman holds, and what it leaves to systemd", async () => {
    const findings = await examine(podman.docker, parse({ sessions }), { where: podman.socket, seconds: 10 });
    const verdictOf = (subject: string) => findings.find((finding) => finding.subject === subject)?.verdict;
    expect(findings[0]).toMatchObject({ subject: "engine", found: expect.stringMatching(/^Podman 4\./), verdict: "ok" });
    expect(["process limit", "memory and cpu limits", "crash of the engine", "networks"].map(verdictOf)).toEqual(["ok", "ok", "ok", "ok"]);
    expect(verdictOf("health checks")).toBe(hasSystemd() ? "ok" : "missing");
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

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { liveEngine, Rig, until } from "../engine/rig.ts";
import { Measured } from "./measured.ts";

const docker = await liveEngine();
const minutes = 60_000;

describe.skipIf(docker === undefined)("what goes wrong in one session", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "faults");
  const limits = { memory: "256 MB", cpu: 1, processes: 64, openFiles: 256, tmp: "32 MB", disk: "64 MB" };
  const healthCheck = { interval: "2 s", timeout: "5 s", startPeriod: "2 s", retries: 3 };
  const [hung, forks, disk] = ["sf-hung", "sf-forks", "sf-disk"] as const;
  const sessions = [
    ...[hung, forks, disk].map((id) => ({ id, limits, healthCheck })),
    // Its agent fails as long as the file is there.
    { id: "sf-loop", limits, healthCheck, agentCommand: "[[ ! -e /session/broken ]] || exit 3; exec sleep infinity" },
    { id: "sf-memory", limits, healthCheck, workspace: { kind: "tmpfs", size: "16 MB" } },
    { id: "sf-beside", limits, healthCheck },
  ];
  const measured = new Measured(() => rig);
  const container = (name: string) => rig.docker.getContainer(`claude-agent-${name}`);
  const isNot = (name: string, state: string) => async () => (await measured.state(name)).state !== state;
  let beside = "";

  beforeAll(async () => {
    expect((await rig.up(sessions)).health.map(({ state }) => state)).toEqual(sessions.map(() => "healthy"));
  }, 10 * minutes);
  afterAll(async () => {
    measured.print();
    await rig.dispose();
  }, 2 * minutes);

  beforeEach(async () => {
    beside = (await container("sf-beside").inspect()).State.StartedAt;
  });
  afterEach(async () => {
    expect((await container("sf-beside").inspect()).State.StartedAt).toBe(beside);
    expect(await measured.state("sf-beside")).toMatchObject({ state: "healthy" });
    const work = "for i in $(seq 20); do sleep 0.1 & done; wait; head -c 16M /dev/zero | sha256sum > /workspace/sum && echo fine";
    expect((await rig.shell("sf-beside", work)).output).toBe("fine");
  });

  test(
    "an agent that fails again and again is said to, and healthy again once its cause is gone",
    async () => {
      await measured.fault("crash loop", {
        sessions: ["sf-loop"],
        strike: () => rig.shell("sf-loop", "touch /session/broken; pkill -f 'sleep infinity' --oldest; pkill -x sleep"),
        seen: async () => /^exit 3, \d+ starts$/.test((await measured.state("sf-loop")).why ?? ""),
        over: () =>
          until(async () => (await rig.shell("sf-loop", "rm /session/broken").catch(() => ({ code: 1 }))).code === 0, 60, "the mending"),
      });
    },
    5 * minutes,
  );

  test(
    "an agent that hangs is seen to, and its session starts again by itself",
    async () => {
      const { Pid } = (await container(hung).inspect()).State;
      await measured.fault("hung agent", {
        sessions: [hung],
        strike: () => rig.shell(hung, "pkill -STOP tmux"),
        seen: isNot(hung, "healthy"),
      });
      expect((await container(hung).inspect()).State.Pid).not.toBe(Pid);
    },
    5 * minutes,
  );

  test(
    "a memory bomb ends nothing but itself",
    async () => {
      const memory = async () => (await rig.shell("sf-memory", "head -c 1G /dev/zero | tail")).code;
      await measured.fault("memory bomb", { sessions: ["sf-memory"], strike: async () => expect(await memory()).not.toBe(0) });
    },
    5 * minutes,
  );

  test(
    "a fork bomb takes its own session's processes alone, until it ends",
    async () => {
      await measured.fault("fork bomb", {
        sessions: [forks],
        strike: () =>
          rig.docker
            .getContainer(`claude-agent-${forks}`)
            // It goes on for long enough that checks fail, one after the other, however fast the machine is.
            .exec({ Cmd: ["bash", "-c", "bomb() { while ((SECONDS < 60)); do bomb & done; }; bomb"] })
            .then((one) => one.start({ Detach: true })),
        seen: isNot(forks, "healthy"),
        calm: async () => {
          const running = (await container(forks)
            .top()
            .catch(() => undefined)) as { Processes: unknown[] } | undefined;
          return running !== undefined && running.Processes.length < 20;
        },
      });
    },
    5 * minutes,
  );

  test(
    "a process that opens files until it may not leaves its session and the others theirs",
    async () => {
      const open =
        'exec 2>/dev/null; for i in $(seq 300); do eval "exec {file}</dev/null" || break; done; (($(ls /proc/$$/fd | wc -l) < 300)) && echo refused';
      await measured.fault("open files", {
        sessions: ["sf-loop"],
        strike: async () => expect((await rig.shell("sf-loop", open)).output).toContain("refused"),
      });
    },
    5 * minutes,
  );

  test(
    "a workspace in memory that is full ends nothing, and the agent goes on when there is room",
    async () => {
      const { Pid } = (await container("sf-memory").inspect()).State;
      await measured.fault("workspace in memory full", {
        sessions: ["sf-memory"],
        strike: () => rig.shell("sf-memory", "head -c 32M /dev/zero > /workspace/full"),
        seen: async () => (await measured.state("sf-memory")).why === "/workspace is full",
        over: () => rig.shell("sf-memory", "echo logged >> /logs/beside && rm /workspace/full"),
      });
      expect((await container("sf-memory").inspect()).State.Pid).toBe(Pid);
    },
    5 * minutes,
  );

  test(
    "a session beyond its disk limit is ended with its data, and starts again when there is room",
    async () => {
      await measured.fault("disk limit", {
        sessions: [disk],
        strike: () => rig.shell(disk, "head -c 80M /dev/zero > /workspace/much"),
        seen: async () => /^disk 80(\.\d)? MB of 64 MB$/.test((await measured.state(disk)).why ?? ""),
        async over() {
          expect((await rig.shell(disk, "stat -c %s /workspace/much && rm /workspace/much")).output).toBe(String(80 * 1024 ** 2));
          await container(disk).restart({ t: 5 });
        },
      });
    },
    5 * minutes,
  );
});
